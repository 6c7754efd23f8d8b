package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.regex.Pattern;
import picocli.CommandLine;

/** What a command wrote, and how it ended. */
record Run(int code, String out, String err) {
  static final JsonMapper JSON = new JsonMapper();

  /** Calls of methods and names of classes; whoever types commands writes no Java. */
  private static final Pattern JAVA =
      Pattern.compile(
          "\\b[a-z]\\w+\\((\\)|[a-z]\\w*[,)])|\\b(PeftModel|AdapterSet|AdaptedModel|Trainer|LoraConfig|Rng|"
              + "Transformers|TrainingSettings|Batches|maxLength|modulesToSave|numLabels)\\b|\\bjavax?\\.(lang|util|io|nio|net)\\b|is"
              + " not an? (int|long|float|double)\\b|StreamRead|REDACTED");

  static Run of(Object... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line = Main.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    String[] texts = new String[args.length];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = args[i].toString();
    }
    Run run = new Run(Main.execute(line, texts), out.toString(), err.toString());
    assertThat(run.err).doesNotContainPattern(JAVA);
    return run;
  }

  Run ok() {
    assertThat(code).as(err).isZero();
    return this;
  }

  /** It could not be done, and one sentence says why. */
  Run failed(String... sentence) {
    assertThat(code).as(out + err).isEqualTo(1);
    assertThat(out).isEmpty();
    assertThat(err.lines().filter(l -> !l.startsWith("trainable params"))).as(err).hasSize(1);
    assertThat(err).contains(sentence).doesNotContain("Exception", "a fault of peft4j");
    return this;
  }

  List<String> lines() {
    return out.lines().toList();
  }

  JsonNode json() throws IOException {
    ok();
    assertThat(lines()).hasSize(1);
    return JSON.readTree(out);
  }
}
