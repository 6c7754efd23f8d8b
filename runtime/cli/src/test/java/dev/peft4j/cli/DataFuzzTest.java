package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.fuzz.Fuzz;
import dev.peft4j.fuzz.Mutation;
import dev.peft4j.io.FileFormatException;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Data files that are nearly right. */
class DataFuzzTest {
  private static final int ROUNDS = 20_000;

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
                      DataFile.read(new ByteArrayInputStream(bytes), Path.of(name), columns, true);
                  assertThat(read).isNotEmpty().allMatch(e -> e.label() != null);
                });
    assertThat(taken).isBetween(ROUNDS / 50, ROUNDS * 3 / 4);
  }
}
