package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvLogTest {
  @TempDir Path folder;

  private static TrainingState at(long step) {
    return new TrainingState(step, 0, 0, null, 0);
  }

  private void started(long step) {
    new CsvLog(folder).on(new TrainingEvent.Started(at(step), 100, null));
  }

  private void evaluated(long step, Map<String, Double> values) {
    new CsvLog(folder).on(new TrainingEvent.Evaluated(at(step), values, true));
  }

  private List<String> lines(String name) throws IOException {
    return Files.readAllLines(folder.resolve(name), StandardCharsets.ISO_8859_1);
  }

  @Test
  void goesOnAtTheStepAndRepairsATornLine() throws IOException {
    String header = "step,epoch,loss,learning_rate,gradient_norm\n";
    Files.writeString(folder.resolve("loss.csv"), header + "1,0,3,1,\n2,0,2,1,\n3,0,1,1,\n4,0,0.");
    Files.writeString(folder.resolve("evaluation.csv"), "step,epoch,loss\n2,0,0.5\n4,0,0.25\n6,0");
    started(3);
    assertThat(lines("loss.csv"))
        .containsExactly(header.strip(), "1,0,3,1,", "2,0,2,1,", "3,0,1,1,");
    assertThat(lines("evaluation.csv")).containsExactly("step,epoch,loss", "2,0,0.5");
    // what is right is not written again: a kill has nothing to lose
    Object key = Files.getLastModifiedTime(folder.resolve("loss.csv"));
    started(3);
    assertThat(Files.getLastModifiedTime(folder.resolve("loss.csv"))).isEqualTo(key);
    started(0);
    assertThat(lines("loss.csv")).containsExactly(header.strip());
    assertThat(folder.resolve("evaluation.csv")).doesNotExist();
    try (Stream<Path> all = Files.list(folder)) {
      assertThat(all).hasSize(1);
    }
  }

  @Test
  void oddFilesAreReadByTheirLines() throws IOException {
    byte[] odd =
        "step,loss\n\n,\n99999999999999999999999,1\n2,\u00e9\u00ff\n-1,2\n3,x\n"
            .getBytes(StandardCharsets.ISO_8859_1);
    Files.write(folder.resolve("loss.csv"), odd);
    started(2);
    assertThat(lines("loss.csv"))
        .containsExactly("step,epoch,loss,learning_rate,gradient_norm", "2,\u00e9\u00ff");
  }

  @Test
  void otherMeasuresBeginAnotherFile() throws IOException {
    started(0);
    evaluated(1, Map.of("loss", 0.5));
    evaluated(2, Map.of("loss", 0.25));
    evaluated(3, Map.of("loss", 0.125, "f1, macro", 1.0));
    assertThat(lines("evaluation.csv"))
        .containsExactly("step,epoch,\"f1, macro\",loss", "3,0,1.0,0.125");
    assertThat(lines("evaluation-before-step-3.csv"))
        .containsExactly("step,epoch,loss", "1,0,0.5", "2,0,0.25");
  }

  @Test
  void whatCannotBeWrittenIsNamed() throws IOException {
    Files.createDirectories(folder.resolve("loss.csv/x"));
    assertThatThrownBy(() -> started(1))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("cannot write the log " + folder.resolve("loss.csv"));
    Files.createDirectories(folder.resolve("evaluation.csv/x"));
    assertThatThrownBy(() -> evaluated(1, Map.of("loss", 1.0)))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("cannot write the log " + folder.resolve("evaluation.csv"));
  }
}
