package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.io.FileFormatException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LabelsTest {
  private static final Path FILE = Path.of("x.csv");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1",
        "1.0",
        "1.000",
        "1e0",
        "10e-1",
        "0.1E+1",
        " 1",
        "1\t",
        "\u00a01.0\u3000",
        "1\r\n",
        "\ufeff1",
        "1\u200b"
      })
  void spellingsOfOneAreOne(String spelled) {
    assertThat(Labels.of(spelled)).isEqualTo("1");
  }

  @ParameterizedTest
  @CsvSource({
    "-0, 0",
    "0.0, 0",
    "-1.50, -1.5",
    "1e3, 1000",
    "2.5e-1, 0.25",
    "01, 01",
    "+1, +1",
    "1., 1.",
    ".5, .5",
    "0x1, 0x1",
    "1_0, 1_0",
    "NaN, NaN",
    "1e999999999, 1e999999999",
    "True, True",
    "'a  b', 'a  b'",
    "1 000, 1 000"
  })
  void numbersAreTheirValueAndTheRestIsText(String spelled, String label) {
    assertThat(Labels.of(spelled)).isEqualTo(label);
  }

  @Test
  void blanksAtTheEndsAndFormsOfAccentsDoNotCount() {
    assertThat(Labels.of("\u2003 pos\u2028\u00a0")).isEqualTo("pos");
    assertThat(Labels.of("cafe\u0301")).isEqualTo("caf\u00e9").isEqualTo(Labels.of("caf\u00e9"));
    assertThat(Labels.of(" \u00a0\u200b\u3164")).isEmpty();
    // the flags of England and of Scotland differ by characters that cannot be seen
    String england = "\ud83c\udff4" + tags("gbeng");
    assertThat(Labels.of(england)).isEqualTo(england).isNotEqualTo("\ud83c\udff4" + tags("gbsct"));
  }

  private static String tags(String letters) {
    StringBuilder out = new StringBuilder();
    (letters + "\u007f").chars().forEach(c -> out.appendCodePoint(0xe0000 + c));
    return out.toString();
  }

  @Test
  void labelsInDataAreSortedAsWhatTheyAre() throws IOException {
    assertThat(in("10", "9", "2", "9.0")).containsExactly("2", "9", "10");
    assertThat(in("1", "0.5", "-1", "1e1")).containsExactly("-1", "0.5", "1", "10");
    assertThat(in("10", "02", "01")).containsExactly("01", "02", "10");
    assertThat(in("b", "a", "10")).containsExactly("10", "a", "b");
  }

  @Test
  void oneNumberInTwoSpellingsThatAreNotAlikeIsAnError() {
    for (String other : List.of("01", "+1", "1.", "001")) {
      assertThatThrownBy(() -> in("0", "1", other))
          .isInstanceOf(FileFormatException.class)
          .hasMessageContaining("x.csv: line 4, column 3: the label \"" + other + "\"")
          .hasMessageContaining("the same number as \"1\" in line 3, column 3");
    }
  }

  @Test
  void labelsThatLookAlikeAreTwoAndSaidToBe() throws IOException {
    assertThat(in("pos", "Pos", "neg")).containsExactly("Pos", "neg", "pos");
    assertThat(Labels.alike(List.of("Pos", "neg", "pos")))
        .containsExactly(
            "the labels \"Pos\" and \"pos\" differ by case alone; they are two classes");
    assertThat(Labels.alike(List.of("very good", "very  good", "\uff11", "1", "po\u200bs", "pos")))
        .hasSize(3)
        .allMatch(s -> s.contains("differ by their spelling alone"));
    assertThat(Labels.alike(List.of("a", "b", "1", "10", "true", "false"))).isEmpty();
  }

  @Test
  void aListNamesEachClassOnce() {
    assertThat(Labels.listed(List.of(" b", "1.0"))).containsExactly("b", "1");
    assertThatThrownBy(() -> Labels.listed(List.of("a", "b", "a")))
        .hasMessageContaining("labels 0 and 2 (counted from 0) are both \"a\"; each needs");
    assertThatThrownBy(() -> Labels.listed(List.of("1", "b", "1.0 ")))
        .hasMessageContaining("both \"1\", spelled \"1\" and \"1.0 \"");
    assertThatThrownBy(() -> Labels.listed(List.of("1", "01"))).hasMessageContaining("both");
    assertThatThrownBy(() -> Labels.listed(List.of("a", "\u00a0")))
        .hasMessageContaining("label 1 of 2 is empty");
  }

  @Test
  void aLabelThatNobodyKnowsNamesTheLineAndThoseKnown() {
    assertThatThrownBy(() -> Labels.indices(FILE, examples("a", "c"), List.of("a", "b")))
        .isInstanceOf(FileFormatException.class)
        .hasMessage(
            "x.csv: line 3, column 3: the label \"c\" is not known, expected one of \"a\", \"b\"");
    assertThatThrownBy(() -> Labels.indices(FILE, examples("A"), List.of("a", "b")))
        .hasMessageEndingWith("; \"a\" is spelled differently");
    assertThatThrownBy(() -> Labels.indices(FILE, examples("01"), List.of("0", "1")))
        .hasMessageEndingWith("; \"1\" is spelled differently");
  }

  @Test
  void manyOrLongLabelsDoNotFloodAMessage() {
    List<String> many = Stream.iterate(0, i -> i + 1).limit(10_000).map(i -> "x" + i).toList();
    assertThat(Labels.show(many)).hasSizeLessThan(300).endsWith("\"x19\" and 9980 more");
    assertThat(Labels.show(List.of("y".repeat(10_000)))).hasSizeLessThan(100);
    assertThat(Labels.show(List.of("\u001b[31mred\u202e"))).isEqualTo("\"\\u001b[31mred\\u202e\"");
  }

  private static List<String> in(String... labels) throws IOException {
    return Labels.in(FILE, examples(labels));
  }

  private static List<Example> examples(String... labels) throws IOException {
    StringBuilder csv = new StringBuilder("text,label\n");
    for (String l : labels) {
      csv.append("t,").append(l).append('\n');
    }
    byte[] bytes = csv.toString().getBytes(StandardCharsets.UTF_8);
    return ExampleFile.read(new ByteArrayInputStream(bytes), FILE, new DataColumns(), true);
  }
}
