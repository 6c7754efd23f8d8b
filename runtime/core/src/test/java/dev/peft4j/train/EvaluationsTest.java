package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.metrics.ClassificationReport;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EvaluationsTest {
  record Batch(Tensor logits, Tensor labels) {}

  private static final List<String> NAMES = List.of("a", "b");

  private static final Batches<Batch> DATA =
      Batches.of(
          List.of(
              new Batch(Tensor.of(new float[] {2, 1, 0, 1}, 2, 2), Tensor.of(new int[] {0, 0})),
              new Batch(Tensor.of(new float[] {-1, 3}, 1, 2), Tensor.of(new int[] {1}))));

  @Test
  void classesOfAllBatches() {
    ClassificationReport report =
        Evaluations.classification(DATA, Batch::logits, Batch::labels, NAMES);
    assertThat(report.confusion().count(0, 0)).isEqualTo(1);
    assertThat(report.confusion().count(0, 1)).isEqualTo(1);
    assertThat(report.confusion().count(1, 1)).isEqualTo(1);
    Map<String, Double> values =
        Evaluator.classification(DATA, Batch::logits, Batch::labels, NAMES).evaluate();
    assertThat(values.get("accuracy")).isEqualTo(2 / 3.0);
    // the mean of the cross-entropies of torch: 0.31326, 1.31326, 0.01815
    assertThat(values.get("loss")).isCloseTo(0.548224, within(1e-6));
    float loss =
        (DATA.get(0, 0).logits().crossEntropy(DATA.get(0, 0).labels()).item() * 2
                + DATA.get(0, 1).logits().crossEntropy(DATA.get(0, 1).labels()).item())
            / 3;
    assertThat(values.get("loss")).isCloseTo(loss, within(1e-6));
  }

  @Test
  void numbersOfAllBatches() {
    Map<String, Double> values =
        Evaluator.regression(
                DATA, Batch::logits, b -> b.logits().add(Tensor.scalar(b.labels().dim(0))))
            .evaluate();
    assertThat(values.get("mae")).isCloseTo((4 * 2 + 2 * 1) / 6.0, within(1e-6));
    assertThat(values.get("loss")).isEqualTo(values.get("mse")).isCloseTo(3, within(1e-6));
    assertThat(values).containsKeys("rmse", "r2");
  }

  @Test
  void whatIsWrongIsSaid() {
    assertThatThrownBy(
            () -> Evaluations.classification(DATA, Batch::logits, Batch::labels, List.of("a")))
        .hasMessageContaining("batch 0 has 4 logits and 2 labels, needed 2 logits");
    Batches<Batch> out =
        Batches.of(List.of(new Batch(Tensor.of(new float[2], 1, 2), Tensor.of(new int[] {5}))));
    assertThatThrownBy(() -> Evaluations.classification(out, Batch::logits, Batch::labels, NAMES))
        .hasMessageContaining("label 5 at position 0 is out of range for 2 classes");
    Batches<Batch> nan =
        Batches.of(
            List.of(
                new Batch(Tensor.of(new float[] {Float.NaN, 1}, 1, 2), Tensor.of(new int[] {0}))));
    assertThatThrownBy(() -> Evaluations.classification(nan, Batch::logits, Batch::labels, NAMES))
        .hasMessageContaining("a logit of batch 0 is NaN");
  }
}
