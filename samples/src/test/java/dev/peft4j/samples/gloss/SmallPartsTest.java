package dev.peft4j.samples.gloss;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SmallPartsTest {
  @TempDir Path temp;

  @Test
  void jsonLineAsPythonWritesIt() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("method", "lora");
    fields.put("steps", 300);
    fields.put("accuracy", JsonLine.round(0.78774999, 4));
    fields.put("examples_per_second", JsonLine.round(100.04, 1));
    assertThat(JsonLine.of(fields))
        .isEqualTo(
            "{\"method\": \"lora\", \"steps\": 300, \"accuracy\": 0.7877, \"examples_per_second\":"
                + " 100.0}");
  }

  @Test
  void prefetchKeepsTheOrder() {
    try (Prefetch<Integer> numbers = new Prefetch<>(100, 3, i -> i * i)) {
      for (int i = 0; i < 100; i++) {
        assertThat(numbers.take()).isEqualTo(i * i);
      }
    }
  }

  @Test
  void prefetchPassesErrorsOn() {
    try (Prefetch<Integer> numbers =
        new Prefetch<>(
            3,
            3,
            i -> {
              if (i == 1) {
                throw new IllegalArgumentException("no number 1");
              }
              return i;
            })) {
      assertThat(numbers.take()).isZero();
      assertThatThrownBy(numbers::take).hasRootCauseMessage("no number 1");
    }
  }

  @Test
  void lossCurveIsAPicture() throws IOException {
    Map<String, float[]> losses = new LinkedHashMap<>();
    losses.put("head", new float[] {3, 2.5f, 2.2f});
    losses.put("lora", new float[] {3, 2, 1});
    Path file = temp.resolve("loss.png");
    LossCurve.write(losses, 2, file);
    BufferedImage image = ImageIO.read(file.toFile());
    assertThat(image.getWidth()).isEqualTo(960);
  }

  @Test
  void progressWithoutATerminalIsLines() {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    PrintStream before = System.err;
    System.setErr(new PrintStream(written, true, UTF_8));
    try (Progress progress = new Progress("train", 2)) {
      progress.step(0.5, 0.25, 10);
      progress.step(0.4, 0.5, 10);
    } finally {
      System.setErr(before);
    }
    assertThat(written.toString(UTF_8)).contains("train", "2/2", "loss 0.400").doesNotContain("\r");
  }

  @Test
  void outputFolder() throws IOException {
    Path file = Files.writeString(temp.resolve("file"), "x");
    assertThatThrownBy(() -> OutputFolder.prepare(file.resolve("below")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cannot write to the folder");
    Path fresh = temp.resolve("a").resolve("b");
    OutputFolder.prepare(fresh);
    assertThat(fresh).isEmptyDirectory();
    assertThatThrownBy(() -> OutputFolder.requireAdapter(fresh))
        .hasMessageContaining("no adapter in");
  }
}
