package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Labels by way of the commands: each file and option follows the rules of {@link Labels}. */
class LabelCommandTest {
  @TempDir static Path shared;
  @TempDir Path folder;
  private static Path model;

  @BeforeAll
  static void write() throws IOException {
    model = TinyModel.write(shared.resolve("model"));
  }

  private Run train(String name, String data, Object... options) throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, data);
    Path out = folder.resolve("run-" + name);
    Object[] first = {"train", "-m", model, "-d", file, "-o", out, "--epochs", 1, "--quiet"};
    Object[] args = java.util.Arrays.copyOf(first, first.length + options.length);
    System.arraycopy(options, 0, args, first.length, options.length);
    return Run.of(args);
  }

  private List<String> trained(String name) throws IOException {
    JsonNode file =
        Run.JSON.readTree(folder.resolve("run-" + name).resolve("adapter/labels.json").toFile());
    return file.path("labels").valueStream().map(JsonNode::textValue).toList();
  }

  @Test
  void spellingsOfOneLabelAreOneClass() throws IOException {
    train(
            "num.jsonl",
            """
            {"text":"fine","label":0}
            {"text":"dull","label":1}
            {"text":"odd","label":1.0}
            {"text":"odd","label":"1e0 "}
            """)
        .ok();
    assertThat(trained("num.jsonl")).containsExactly("0", "1");
    train("space.csv", "text,label\nfine, pos\ndull,pos\u00a0\nodd,neg\n").ok();
    assertThat(trained("space.csv")).containsExactly("neg", "pos");
    Run cased = train("case.tsv", "text\tlabel\nfine\tPos\ndull\tpos\nodd\tneg\n").ok();
    assertThat(trained("case.tsv")).containsExactly("Pos", "neg", "pos");
    assertThat(cased.err())
        .contains("warning: the labels \"Pos\" and \"pos\" differ by case alone; they are two");
    assertThat(train("one.csv", "text,label\na,x\nb,\"x \"\n").err())
        .contains("the labels are [\"x\"]; a classifier needs at least two");
  }

  @ParameterizedTest
  @CsvSource({
    "'a,a', 'labels 0 and 1 (counted from 0) are both \"a\"'",
    "'a,b, a', 'are both \"a\", spelled \"a\" and \" a\"'",
    "'1,1.0', 'are both \"1\"'",
    "'\"a,b', a quote is not as in CSV: Missing closing quote for value",
    "'\"a\"x,b', a quote is not as in CSV: ",
    "'a,,b', label 1 of 3 is empty",
    "'a,b,', label 2 of 3 is empty",
    "' ,a', label 0 of 2 is empty"
  })
  void labelsThatAreAskedForAreDistinct(String labels, String problem) throws IOException {
    Run run = train("x.csv", "text,label\nt,a\nt,b\n", "--labels", labels);
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).startsWith("peft4j train: --labels: ").contains(problem);
    assertThat(folder.resolve("run-x.csv")).doesNotExist();
  }

  @Test
  void labelsThatAreAskedForKeepTheirOrder() throws IOException {
    train("x.csv", "text,label\nt,\"b,c\"\nt,2.0\n", "--labels", "\"b,c\", 2", "--labels", "a")
        .ok();
    assertThat(trained("x.csv")).containsExactly("b,c", "2", "a");
  }

  @Test
  void theDataToEvaluateOnHasTheSameLabels() throws IOException {
    Path eval = folder.resolve("eval.tsv");
    Files.writeString(eval, "text\tlabel\nfine\tgood\n\ndull\tmeh\n");
    Run run = train("x.csv", "text,label\nt,good\nt,bad\n", "--eval", eval);
    run.failed(
        eval
            + ": line 4, column 6: the label \"meh\" is not known, expected one of \"bad\","
            + " \"good\"");
    Run.of("eval", "-m", model, "-d", eval).failed(eval + ": line 4, column 6: the label \"meh\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[\"a\", \"a\"]                 | labels 0 and 1 (counted from 0) are both \"a\"",
        "[\"1\", 1.0]                   | are both \"1\"",
        "[\"neg\", \"neg \"]            | are both \"neg\"",
        "[\"e\\u0301\", \"\\u00e9\"]    | are both",
        "[\"a\", \"\\u00a0\"]           | label 1 of 2 is empty",
        "[\"a\", null]                  | label 1 is null, expected a text",
        "[\"a\", [\"b\"]]               | label 1 is [\"b\"], expected a text",
        "{\"0\": \"a\", \"1\": \"b\"}   | has no list of labels",
        "[\"a\", \"b\", \"c\"]          | has 3 labels, the adapter's classifier has 2"
      })
  void anAdaptersLabelsAreDistinct(String list, String problem) throws IOException {
    train("x.csv", "text,label\nt,a\nt,b\n").ok();
    Path adapter = folder.resolve("run-x.csv/adapter");
    Files.writeString(adapter.resolve("labels.json"), "{\"labels\": " + list + "}");
    Path data = folder.resolve("x.csv");
    for (Run run :
        List.of(
            Run.of("predict", "-m", model, "-a", adapter, "a film"),
            Run.of("eval", "-m", model, "-a", adapter, "-d", data),
            Run.of("merge", "-m", model, "-a", adapter, "-o", folder.resolve("merged")))) {
      run.failed(adapter.resolve("labels.json") + ": ", problem);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"0\": \"a\", \"1\": \"a\"}   | id2label: labels 0 and 1 (counted from 0) are both \"a\"",
        "{\"0\": \"1\", \"1\": \"1.0\"} | id2label: labels 0 and 1 (counted from 0) are both \"1\"",
        "{\"0\": \"a\", \"1\": \" \"}   | id2label: label 1 of 2 is empty",
        "{\"0\": \"a\", \"2\": \"b\"}   | id2label",
        "{\"0\": \"good\", \"1\": \"bad\"} | label2id gives \"bad\" the number"
      })
  void aModelsLabelsAreDistinct(String id2label, String problem) throws IOException {
    Path other = Tampered.copy(model, folder.resolve("model"));
    Path file = other.resolve("config.json");
    String config = Files.readString(file);
    String own = "{\"0\": \"bad\", \"1\": \"good\"}";
    assertThat(config).contains(own);
    Files.writeString(file, config.replace(own, id2label));
    Path data = folder.resolve("x.csv");
    Files.writeString(data, "text,label\nt,good\n");
    Run.of("predict", "-m", other, "a film").failed(file + ": ", problem);
    Run.of("eval", "-m", other, "-d", data).failed(file + ": ", problem);
  }

  @Test
  void namesThatOnlyLabel2idHasDoNotCount() throws IOException {
    Path other = Tampered.copy(model, folder.resolve("model"));
    Path file = other.resolve("config.json");
    String config = Files.readString(file);
    Files.writeString(
        file, config.replace("{\"bad\": 0, \"good\": 1}", "{\"LABEL_0\": 0, \"LABEL_1\": 1}"));
    Run.of("predict", "-m", other, "a film").ok();
  }

  /** A label may have any character; a row stays a row, and JSON is JSON. */
  @Test
  void labelsAreEscapedWhereTheyArePrinted() throws IOException {
    String label = "a\u001b[31mX\nnext\tc\u202eol";
    train(
            "x.jsonl",
            "{\"text\":\"t\",\"label\":\"a\\u001b[31mX\\nnext\\tc\\u202eol\"}\n"
                + "{\"text\":\"u\",\"label\":\"b\"}\n",
            "--labels",
            "b",
            "--labels",
            "\"" + label + "\"")
        .ok();
    Path adapter = folder.resolve("run-x.jsonl/adapter");
    Run rows = Run.of("predict", "-m", model, "-a", adapter, "a", "b", "the film").ok();
    assertThat(rows.lines()).hasSize(3).allMatch(l -> l.split("\t", -1).length == 3);
    assertThat(rows.out()).doesNotContain("\u001b", "\u202e");
    Run json = Run.of("predict", "-m", model, "-a", adapter, "a", "--json").ok();
    assertThat(json.out()).doesNotContain("\u001b", "\u202e");
    assertThat(json.json().path("probabilities").has(label)).isTrue();
    Path data = folder.resolve("y.csv");
    Files.writeString(data, "text,label\nt,x\u009b31m\u2066x\n");
    Run.of("eval", "-m", model, "-a", adapter, "-d", data)
        .failed("\"x\\u009b31m\\u2066x\" is not known", "\"a\\u001b[31mX\\nnext\\tc\\u202eol\"");
  }
}
