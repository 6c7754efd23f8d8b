package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.dataset.Place;
import dev.peft4j.io.FileFormatException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExampleFileTest {
  private final DataColumns columns = new DataColumns();

  private List<Example> read(String name, String text) throws IOException {
    return read(name, text.getBytes(StandardCharsets.UTF_8), true);
  }

  private List<String> texts(String name, String text) throws IOException {
    return read(name, text.getBytes(StandardCharsets.UTF_8), false).stream()
        .map(Example::text)
        .toList();
  }

  private List<Example> read(String name, byte[] bytes, boolean labelled) throws IOException {
    return ExampleFile.read(new ByteArrayInputStream(bytes), Path.of(name), columns, labelled);
  }

  private static Example example(String text, String second, String label, int line, int column) {
    return new Example(text, second, label, new Place(line, column));
  }

  @Test
  void readsLinesOfJson() throws IOException {
    assertThat(
            read(
                "x.jsonl",
                "\ufeff{\"text\": \"a, \\\"b\\\"\", \"label\": 1, \"more\": [1]}\n\n"
                    + "  {\"label\": true, \"text\": \"ü\\n\"}\r\n"))
        .containsExactly(
            example("a, \"b\"", null, "1", 1, 31), example("ü\n", null, "true", 3, 13));
  }

  @Test
  void aNumberIsTheTextThatItIsSpelled() throws IOException {
    assertThat(
            texts(
                "x.jsonl",
                "{\"text\": 1.0}\n{\"text\": 1e400}\n{\"text\": 0.10000000000000000001}\n"
                    + "{\"text\": 123456789012345678901234567890}\n"))
        .containsExactly(
            "1.0", "1e400", "0.10000000000000000001", "123456789012345678901234567890");
    assertThat(read("x.jsonl", "{\"text\": \"\", \"label\": 1e400}").getFirst().label())
        .isEqualTo("1e400");
  }

  @Test
  void readsCsvWithQuotes() throws IOException {
    assertThat(read("x.csv", "label,text\nyes,\"a, \"\"b\"\"\nc\"\n\nno,d\n"))
        .containsExactly(example("a, \"b\"\nc", null, "yes", 2, 1), example("d", null, "no", 5, 1));
    // a quote that does not open the field is a character
    assertThat(texts("x.csv", "text,label\n5\" disk,a\n")).containsExactly("5\" disk");
  }

  /** The lines of GLUE's files: a quote is a character. */
  @Test
  void tabSeparatedLinesHaveNoQuotes() throws IOException {
    String lines = "text\tlabel\n\"great fun\tpos\ndull\tneg\nthe 12\"\tneg\nfine\tpos\n";
    assertThat(texts("a.tsv", lines)).containsExactly("\"great fun", "dull", "the 12\"", "fine");
    assertThat(read("A.TSV", lines).get(2).place()).isEqualTo(new Place(4, 9));
    columns.quote = true;
    assertThat(texts("a.tsv", lines)).containsExactly("great fun\tpos\ndull\tneg\nthe 12", "fine");
    assertThat(texts("a.tsv", "text\tlabel\n\"a\tb\nc\"\tpos\n")).containsExactly("a\tb\nc");
    columns.quote = false;
    columns.second = "other";
    assertThat(read("x.tsv", "text\tother\tlabel\r\na,b\tc\td\r\n"))
        .containsExactly(example("a,b", "c", "d", 2, 7));
  }

  @Test
  void emptyLinesAreNoRowsButWhereTheyAreTexts() throws IOException {
    for (String name : List.of("x.csv", "x.tsv")) {
      String tab = name.endsWith("v") && name.contains("t") ? "\t" : ",";
      assertThat(read(name, "\n\ntext" + tab + "label\n\na" + tab + "b\n\n\n"))
          .containsExactly(example("a", null, "b", 5, 3));
      assertThat(texts(name, "text\na\n\n\nb\n\n\n")).containsExactly("a", "", "", "b");
    }
    assertThat(texts("x.csv", "text\na\n\"\"\n")).containsExactly("a", "");
    assertThat(texts("x.csv", "text,label\n,x\n\"\",\n")).containsExactly("", "");
  }

  @Test
  void namesOfColumnsAreSpelledAsLabelsAre() throws IOException {
    assertThat(read("x.csv", "text, label \na,b\n").getFirst().label()).isEqualTo("b");
    columns.label = "gru\u0308n";
    assertThat(read("x.csv", "text,gr\u00fcn\na,b\n").getFirst().label()).isEqualTo("b");
    assertThat(read("x.jsonl", "{\"text\": \"a\", \"gr\u00fcn\": 1.0}").getFirst().label())
        .isEqualTo("1");
  }

  @Test
  void aNameThatIsThereTwiceIsAnError() throws IOException {
    assertWrong(
        "x.csv",
        "label,text,label\na,b,c\n",
        "x.csv: line 1, column 12: \"label\" is in the header twice, also in line 1, column 1");
    assertWrong("x.tsv", "label\ttext\t text\na\tb\tc\n", "x.tsv: line 1, column 12: \"text\" is");
    assertWrong(
        "x.jsonl",
        "{\"text\": \"a\", \"text\": \"b\"}",
        "x.jsonl: line 1, column 21: is not JSON: Duplicate field 'text'");
    assertWrong(
        "x.jsonl",
        "{\"text\": \"a\", \"label\": 1, \"label \": 2}",
        "x.jsonl: line 1, column 37: \"label\" occurs twice, also in line 1, column 24");
    // what is not asked for may be there as often as it likes
    assertThat(read("x.csv", "text,x,x,,,label\na,1,2,3,4,b\n")).hasSize(1);
    columns.label = "text";
    assertThatThrownBy(() -> read("x.csv", "text\na\n"))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("--text and --label both name \"text\"");
  }

  @Test
  void aLabelIsThereAndIsOne() {
    for (String label : List.of("", " ", "\u00a0\u3000", "\"\"", "\u200b")) {
      assertWrong(
          "x.csv",
          "text,label\na,b\nc," + label + "\n",
          "x.csv: line 3, column 3: \"label\" is empty");
    }
    String start = "{\"text\": \"a\", \"label\": ";
    String at = "x.jsonl: line 1, column 24: ";
    assertWrong("x.jsonl", start + "\" \\n\"}", at + "\"label\" is empty");
    assertWrong("x.jsonl", start + "null}", at + "\"label\" is null, expected a text");
    assertWrong("x.jsonl", start + "[1]}", at + "\"label\" is a list, expected a text");
    assertWrong("x.jsonl", start + "{\"a\": [1]}}", at + "\"label\" is an object, expected a text");
    assertWrong("x.jsonl", start + "NaN}", "x.jsonl: line 1, column 2");
    assertWrong("x.jsonl", start + "True}", "x.jsonl: line 1, column 2");
    assertWrong("x.jsonl", start + "01}", "x.jsonl: line 1, column 2");
  }

  @Test
  void textStaysText() throws IOException {
    assertThat(texts("x.jsonl", "{\"text\": \"a\\u0000b\\r\\n\\u2028\"}\n{\"text\": \"\"}\n"))
        .containsExactly("a\0b\r\n\u2028", "");
    assertThat(texts("x.csv", "text\n@file\n--batch=0\n# no comment\n"))
        .containsExactly("@file", "--batch=0", "# no comment");
    assertThat(texts("x.tsv", "text\tl\n \\t a \\\t1\n")).containsExactly(" \\t a \\");
    assertThat(texts("x.csv", "text,l\r\n\"a\r\nb\",1\r\n")).containsExactly("a\r\nb");
    assertWrong(
        "x.jsonl",
        "{\"text\": \"\\ud83d\", \"label\": 1}",
        "x.jsonl: line 1, column 10: \"text\" has half of a surrogate pair");
    assertThat(texts("x.jsonl", "{\"text\": \"\\ud83d\\ude00\"}")).containsExactly("\ud83d\ude00");
  }

  @Test
  void errorsNameTheLine() {
    assertWrong(
        "x.jsonl",
        "{\"text\": \"a\", \"label\": 0}\nnot json\n",
        "x.jsonl: line 2, column 1: is not JSON: ");
    assertWrong("x.jsonl", "[1]", "x.jsonl: line 1: is a list of JSON, expected an object");
    assertWrong("x.jsonl", "{\"text\": 1} {}", "x.jsonl: line 1, column 13: has more text");
    assertWrong(
        "x.jsonl", "{\"text\": {}, \"label\": 0}", "x.jsonl: line 1, column 10: \"text\" is an");
    assertWrong("x.jsonl", "{\"text\": \"a\"}", "x.jsonl: line 1: has no \"label\"; it has [text]");
    assertWrong("x.jsonl", "", "x.jsonl: has no examples");
    assertWrong("x.csv", "", "x.csv: has no examples");
    assertWrong("x.csv", "text,label\n", "x.csv: has no examples");
    assertWrong(
        "x.csv",
        "text,label\na,b\n\n\nc\n",
        "x.csv: line 5: has 1 column, expected 2 as in the header");
    assertWrong(
        "x.csv",
        "text,label\na, b,c\n",
        "x.csv: line 2: has 3 columns, expected 2 as in the header; a text with commas");
    assertWrong(
        "x.csv",
        "txt,label\na,b\n",
        "x.csv: line 1: has no \"text\"; it has [txt, label]. Did you mean");
    assertThatThrownBy(() -> ExampleFile.read(Path.of("none.csv"), columns, true))
        .hasMessage("none.csv: does not exist, expected a data file (.jsonl, .csv or .tsv)");
  }

  @Test
  void aQuoteThatIsNotClosedNamesTheLineInWhichItOpens() {
    assertWrong(
        "x.csv",
        "text,label\na,b\nc,\"d\ne,f\ng,h\n",
        "x.csv: line 3, column 3: opens a quote that is never closed");
    assertWrong(
        "x.csv",
        "text,label\n\"a\nb\"c,d\n",
        "x.csv: line 3, column 4: has text after the quote that closes the one in line 2, column"
            + " 1");
  }

  @Test
  void bytesThatAreNotUtf8NameTheirLine() {
    String good = "{\"text\": \"ü\", \"label\": 1}\r\n".repeat(5000);
    byte[] start = good.getBytes(StandardCharsets.UTF_8);
    byte[] bytes = java.util.Arrays.copyOf(start, start.length + 12);
    bytes[start.length + 3] = (byte) 0xfc;
    assertThatThrownBy(() -> read("x.jsonl", bytes, true))
        .isInstanceOf(FileFormatException.class)
        .hasMessage("x.jsonl: line 5001 is not UTF-8 text");
    assertThatThrownBy(() -> read("x.csv", new byte[] {'a', '\n', (byte) 0xe4}, true))
        .hasMessage("x.csv: line 2 is not UTF-8 text");
  }

  /** What the JSON library says of places in a text that it was given is of no use. */
  @Test
  void badJsonIsOneSentence() {
    for (String line :
        List.of(
            "{\"text\": \"a\"", "{\"text\": [1, 2", "{'text': 'a'}", "{\"text\": \"a\",}", "{")) {
      assertThatThrownBy(() -> read("x.jsonl", "{\"text\": \"a\", \"label\": 0}\n" + line))
          .hasMessageStartingWith("x.jsonl: line 2, column ")
          .hasMessageEndingWith("; expected an object such as {\"text\": \"...\"}")
          .message()
          .doesNotContain("Source", "REDACTED", "line: 1", "\n");
    }
  }

  private void assertWrong(String name, String text, String message) {
    assertThatThrownBy(() -> read(name, text))
        .isInstanceOf(FileFormatException.class)
        .hasMessageStartingWith(message);
  }
}
