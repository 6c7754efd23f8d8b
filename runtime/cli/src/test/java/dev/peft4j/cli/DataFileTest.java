package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.io.FileFormatException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class DataFileTest {
  private final DataColumns columns = new DataColumns();

  private List<Example> read(String name, String text) throws IOException {
    return read(name, text.getBytes(StandardCharsets.UTF_8));
  }

  private List<Example> read(String name, byte[] bytes) throws IOException {
    return DataFile.read(new ByteArrayInputStream(bytes), Path.of(name), columns, true);
  }

  @Test
  void readsLinesOfJson() throws IOException {
    assertThat(
            read(
                "x.jsonl",
                "\ufeff{\"text\": \"a, \\\"b\\\"\", \"label\": 1, \"more\": [1]}\n\n"
                    + "  {\"label\": true, \"text\": \"ü\\n\"}\r\n"))
        .containsExactly(new Example("a, \"b\"", null, "1"), new Example("ü\n", null, "true"));
  }

  @Test
  void readsCsvWithQuotesAndTabs() throws IOException {
    assertThat(read("x.csv", "label,text\nyes,\"a, \"\"b\"\"\nc\"\nno,d\n"))
        .containsExactly(new Example("a, \"b\"\nc", null, "yes"), new Example("d", null, "no"));
    columns.second = "other";
    assertThat(read("x.TSV", "text\tother\tlabel\na,b\tc\td\n"))
        .containsExactly(new Example("a,b", "c", "d"));
  }

  @Test
  void labelsAreSortedAsWhatTheyAre() {
    assertThat(DataFile.labels(labelled("10", "9", "2", "9"))).containsExactly("2", "9", "10");
    assertThat(DataFile.labels(labelled("b", "a", "10"))).containsExactly("10", "a", "b");
  }

  private static List<Example> labelled(String... labels) {
    return java.util.Arrays.stream(labels).map(l -> new Example("", null, l)).toList();
  }

  @Test
  void errorsNameTheLine() {
    assertWrong(
        "x.jsonl", "{\"text\": \"a\", \"label\": 0}\nnot json\n", "x.jsonl: line 2 is no JSON: ");
    assertWrong("x.jsonl", "[1]", "x.jsonl: line 1 is no object");
    assertWrong(
        "x.jsonl",
        "{\"text\": {}, \"label\": 0}",
        "x.jsonl: line 1 has a list or an object as \"text\"");
    assertWrong("x.jsonl", "{\"text\": \"a\"}", "x.jsonl: line 1 has no \"label\"; it has [text]");
    assertWrong(
        "x.jsonl",
        "{\"text\": \"a\", \"text\": \"b\"}",
        "x.jsonl: line 1 is no JSON: Duplicate field 'text'");
    assertWrong("x.jsonl", "", "x.jsonl: has no examples");
    assertWrong("x.csv", "", "x.csv: has no examples");
    assertWrong("x.csv", "text,label\n", "x.csv: has no examples");
    assertWrong(
        "x.csv",
        "text,label\na,b\nc\n",
        "x.csv: line 3 has 1 columns, expected 2 as in the header");
    assertWrong("x.csv", "txt,label\na,b\n", "x.csv: line 2 has no \"text\"; it has [label, txt]");
    assertThatThrownBy(() -> read("x.csv", new byte[] {'a', (byte) 0xff}))
        .isInstanceOf(FileFormatException.class)
        .hasMessage("x.csv: is not UTF-8 text");
    assertThatThrownBy(() -> DataFile.read(Path.of("none.csv"), columns, true))
        .hasMessage("none.csv: does not exist, expected a data file (.jsonl, .csv or .tsv)");
  }

  private void assertWrong(String name, String text, String message) {
    assertThatThrownBy(() -> read(name, text))
        .isInstanceOf(FileFormatException.class)
        .hasMessageStartingWith(message);
  }
}
