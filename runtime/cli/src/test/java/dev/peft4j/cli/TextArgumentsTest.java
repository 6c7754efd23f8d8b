package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Arguments that are data are never options or files. */
class TextArgumentsTest {
  @TempDir static Path folder;
  private static Path model;
  private static Path secret;

  @BeforeAll
  static void write() throws IOException {
    model = TinyModel.write(folder.resolve("model"));
    secret = folder.resolve("secret.txt");
    Files.writeString(secret, "the secret --batch=0\n");
  }

  private static List<String> texts(Object... args) {
    return Run.of(args).ok().lines().stream().map(l -> l.split("\t", -1)[2]).toList();
  }

  @Test
  void anAtSignNamesNoFile() {
    String at = "@" + secret;
    assertThat(texts("predict", "-m", model, at)).containsExactly(at);
    assertThat(texts("predict", "-m", model, "--", at, "@@x")).containsExactly(at, "@@x");
    Run.of("inspect", at).failed(at + ": does not exist");
  }

  @Test
  void whatStandsBehindTwoDashesIsText() {
    assertThat(
            texts("predict", "-m", model, "--", "--batch=0", "-a", "--", "-h", "--help", "-", ""))
        .containsExactly("--batch=0", "-a", "--", "-h", "--help", "-", "");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-5", "-5 degrees", "-great film", "--really? no", "-m is a letter", "-", "---", "", "- a",
        "predict", "'quoted'", "\"quoted\"", "${user.home}", "$VAR", "%s %n", "a=b", "-=x", "\\n"
      })
  void textsThatLookOddAreTexts(String text) {
    assertThat(texts("predict", "-m", model, text, "--batch", "1")).containsExactly(text);
    assertThat(texts("predict", text, "-m=" + model)).containsExactly(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"--bach=3", "-minor", "-x", "--great", "-mx"})
  void aWordWithADashThatIsNoOptionIsAnError(String word) {
    Run run = Run.of("predict", "-m", model, "a", word);
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err())
        .contains("Unknown option: '" + word + "'; a text that begins with a dash goes after --");
  }

  @Test
  void aSlipOfThePenHasASuggestion() {
    assertThat(Run.of("predict", "-m", model, "a", "--bach=3").err())
        .contains("did you mean --batch?")
        .doesNotContain("Usage:");
    Run number = Run.of("train", "-m", model, "-d", "x", "-o", "y", "--lr", "abc");
    assertThat(number.code()).isEqualTo(2);
    assertThat(number.err().lines())
        .containsExactly(
            "peft4j train: Invalid value for option '--lr': expected a number but was 'abc'",
            "Try 'peft4j train --help'.");
  }

  @Test
  void aTextIsOneRow() {
    assertThat(texts("predict", "-m", model, "a\nb\r\tc\u001b[2J\u009b1m\u202ed\u2028e"))
        .containsExactly("a\\nb\\r\\tc\\u001b[2J\\u009b1m\\u202ed\\u2028e");
  }
}
