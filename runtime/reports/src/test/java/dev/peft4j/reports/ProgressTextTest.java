package dev.peft4j.reports;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProgressTextTest {
  private static ProgressText text(long step, double loss, Map<String, Double> evaluation) {
    SequencedMap<String, Double> e = new LinkedHashMap<>(evaluation);
    return new ProgressText(
        "train", step, 1200, Duration.ofSeconds(75), Duration.ofSeconds(3700), loss, "", 2, e);
  }

  private static SequencedMap<String, Double> evaluation() {
    SequencedMap<String, Double> e = new LinkedHashMap<>();
    e.put("accuracy", 0.9123);
    e.put("f1", 0.9);
    e.put("loss", 0.25);
    return e;
  }

  @Test
  void whatThereIsRoomFor() {
    ProgressText t = text(300, 0.51236, evaluation());
    assertThat(t.bar(200))
        .isEqualTo(
            "train  25% ["
                + "=".repeat(15)
                + " ".repeat(45)
                + "] 300/1200 (1:15, 1:01:40 left), epoch 2, loss 0.5124 | accuracy 0.9123, f1"
                + " 0.9000, loss 0.2500");
    assertThat(t.bar(79))
        .isEqualTo("train  25% 300/1200, loss 0.5124 | accuracy 0.9123, f1 0.9000, loss 0.2500");
    assertThat(t.bar(59)).isEqualTo("train  25% 300/1200, loss 0.5124 | accuracy 0.9123");
    assertThat(t.bar(40)).isEqualTo("train  25% loss 0.5124 | accuracy 0.9123");
    assertThat(t.bar(10)).isEqualTo(" 25% loss ");
    assertThat(t.line())
        .isEqualTo(
            "train  25% 300/1200 (1:15, 1:01:40 left), epoch 2, loss 0.5124 | accuracy 0.9123, f1"
                + " 0.9000, loss 0.2500");
  }

  @Test
  void beforeTheFirstStepAndAfterTheLast() {
    ProgressText first =
        new ProgressText("", 0, 8, Duration.ZERO, null, Double.NaN, "", 0, new LinkedHashMap<>());
    assertThat(first.bar(40)).isEqualTo("  0% [" + " ".repeat(22) + "] 0/8 (0:00)");
    assertThat(text(1200, 1e-6, Map.of()).bar(79))
        .isEqualTo("train 100% [" + "=".repeat(25) + "] 1200/1200 (1:15), epoch 2, loss 1.00e-06");
  }

  @Test
  void theRateIsShownWhereThereIsRoom() {
    ProgressText t =
        new ProgressText(
            "train",
            30,
            100,
            Duration.ofSeconds(15),
            null,
            2.5,
            "1,234 tokens/s",
            1,
            new LinkedHashMap<>());
    assertThat(t.line())
        .isEqualTo("train  30% 30/100 (0:15), epoch 1, loss 2.5000, 1,234 tokens/s");
    assertThat(t.bar(50)).isEqualTo("train  30% 30/100, loss 2.5000, 1,234 tokens/s");
    assertThat(t.bar(30)).isEqualTo("train  30% loss 2.5000");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 20, 39, 59, 60, 79, 80, 120, 199, 300})
  void neverWiderThanTheTerminal(int width) {
    for (long step = 0; step <= 1200; step += 100) {
      String bar = text(step, step / 7.0, evaluation()).bar(width);
      assertThat(bar.length()).isLessThanOrEqualTo(width);
      if (width > 40) {
        assertThat(bar).contains("accuracy 0.9123", "%", "loss ");
      }
    }
  }
}
