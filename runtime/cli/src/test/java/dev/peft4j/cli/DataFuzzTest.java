package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.fuzz.Attack;
import dev.peft4j.fuzz.Fuzz;
import dev.peft4j.fuzz.Mutation;
import dev.peft4j.io.FileFormatException;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Data files that are nearly right. */
class DataFuzzTest {
  private static final int ROUNDS = Attack.rounds(20_000);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"data.jsonl", "data.csv", "data.tsv"})
  void examplesOrAnErrorThatNamesTheFile(String name) throws Exception {
    String text =
        switch (name) {
          case "data.jsonl" -> TinyModel.jsonLines(6, 1);
          case "data.csv" -> TinyModel.csv(6, 1);
          default -> TinyModel.csv(6, 1).replace(',', '\t');
        };
    byte[] good = text.getBytes(StandardCharsets.UTF_8);
    Mutation mutation = new Mutation(name.hashCode());
    DataColumns columns = new DataColumns();
    int taken =
        new Fuzz(folder, FileFormatException.class)
            .run(
                ROUNDS,
                round -> mutation.text(good),
                bytes -> {
                  List<Example> read =
                      ExampleFile.read(
                          new ByteArrayInputStream(bytes), Path.of(name), columns, true);
                  assertThat(read).isNotEmpty().allMatch(e -> e.label() != null);
                });
    assertThat(taken).isBetween(ROUNDS / 50, ROUNDS * 3 / 4);
  }

  /** What was written comes back to the last character, in every format that can hold it. */
  @Test
  void textStaysText() throws Exception {
    Random random = new Random(5);
    for (int round = 0; round < Attack.rounds(2_000); round++) {
      List<String> texts = new ArrayList<>();
      StringBuilder json = new StringBuilder();
      StringBuilder csv = new StringBuilder("label,text\r\n");
      StringBuilder tsv = new StringBuilder("text\tlabel\n");
      for (int i = 0; i < 1 + random.nextInt(4); i++) {
        String text = text(random);
        texts.add(text);
        String escaped = Run.JSON.writeValueAsString(text);
        json.append("{\"text\": ").append(escaped).append(", \"label\": 1}\n");
        csv.append("1,\"").append(text.replace("\"", "\"\"")).append("\"\r\n");
        tsv.append(text.replaceAll("[\t\r\n]", " ")).append("\t1\n");
      }
      assertThat(texts("x.jsonl", json)).isEqualTo(texts);
      assertThat(texts("x.csv", csv)).isEqualTo(texts);
      assertThat(texts("x.tsv", tsv))
          .isEqualTo(texts.stream().map(t -> t.replaceAll("[\t\r\n]", " ")).toList());
    }
  }

  private static String text(Random random) {
    String[] parts = {
      "a",
      "\"",
      "\"\"",
      ",",
      "\t",
      "\n",
      "\r\n",
      "\r",
      "'",
      " ",
      "\0",
      "\\",
      "@f",
      "--x",
      "\ufeff",
      "\u2028",
      "\ud83d\ude00",
      "e\u0301",
      "#",
      "\u001b[31m",
      "\u0085",
      "\u000b",
      "\ufffe"
    };
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(7); i > 0; i--) {
      text.append(parts[random.nextInt(parts.length)]);
    }
    return text.toString();
  }

  private static List<String> texts(String name, CharSequence content) throws Exception {
    byte[] bytes = content.toString().getBytes(StandardCharsets.UTF_8);
    return ExampleFile.read(new ByteArrayInputStream(bytes), Path.of(name), new DataColumns(), true)
        .stream()
        .map(Example::text)
        .toList();
  }
}
