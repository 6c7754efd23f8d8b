package dev.peft4j.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The tables are what scikit-learn 1.9 prints, to the last character. */
class EvaluationReportTest {
  private static final int[] LABELS = {0, 1, 2, 2, 1, 0, 3, 2, 1, 0, 2, 2};
  private static final int[] PREDICTIONS = {0, 2, 2, 2, 1, 1, 0, 2, 1, 0, 0, 2};
  private static final List<String> NAMES = List.of("ant", "bee", "a longer name", "d");

  @Test
  void aTableOfClasses() {
    assertThat(EvaluationReport.of(LABELS, PREDICTIONS, NAMES).toString())
        .isEqualTo(
            """
                           precision    recall  f1-score   support

                      ant       0.50      0.67      0.57         3
                      bee       0.67      0.67      0.67         3
            a longer name       0.80      0.80      0.80         5
                        d       0.00      0.00      0.00         1

                 accuracy                           0.67        12
                macro avg       0.49      0.53      0.51        12
             weighted avg       0.62      0.67      0.64        12
            """);
    assertThat(EvaluationReport.of(LABELS, PREDICTIONS, NAMES).table(4))
        .contains("    macro avg     0.4917    0.5333    0.5095        12\n");
  }

  /** Class 3 is neither a label nor predicted; 0.625 goes to the even digit, as in Python. */
  @Test
  void anAbsentClassIsLeftOut() {
    assertThat(
            EvaluationReport.of(
                    new int[] {0, 1, 2, 2, 4},
                    new int[] {0, 2, 2, 1, 4},
                    List.of("0", "1", "2", "3", "4"))
                .toString())
        .isEqualTo(
            """
                          precision    recall  f1-score   support

                       0       1.00      1.00      1.00         1
                       1       0.00      0.00      0.00         1
                       2       0.50      0.50      0.50         2
                       4       1.00      1.00      1.00         1

                accuracy                           0.60         5
               macro avg       0.62      0.62      0.62         5
            weighted avg       0.60      0.60      0.60         5
            """);
  }

  @Test
  void aClassWithoutExamples() {
    assertThat(EvaluationReport.of(List.of("1", "1"), List.of("0", "1")).toString())
        .isEqualTo(
            """
                          precision    recall  f1-score   support

                       0       0.00      0.00      0.00         0
                       1       1.00      0.50      0.67         2

                accuracy                           0.50         2
               macro avg       0.50      0.25      0.33         2
            weighted avg       1.00      0.50      0.67         2
            """);
  }

  @Test
  void oneClassOnly() {
    ClassificationReport report = EvaluationReport.of(List.of("b", "b"), List.of("b", "b"));
    assertThat(report.classes())
        .containsExactly(new ClassificationReport.ClassResult("b", 1, 1, 1, 2));
    assertThat(report.values())
        .containsExactly(
            entry("accuracy", 1.0),
            entry("f1", 1.0),
            entry("precision", 1.0),
            entry("recall", 1.0),
            entry("f1_micro", 1.0),
            entry("f1_weighted", 1.0),
            entry("matthews", 0.0));
  }

  @Test
  void numbers() {
    RegressionReport report =
        EvaluationReport.regression(new float[] {3, -0.5f, 2, 7}, new float[] {2.5f, 0, 2, 8});
    assertThat(report.toString())
        .isEqualTo(
            """
            mean absolute error           0.5000
            mean squared error            0.3750
            root mean squared error       0.6124
            R2                            0.9486
            examples                           4
            """);
    assertThat(report.values()).containsOnlyKeys("mae", "mse", "rmse", "r2");
    assertThat(EvaluationReport.regression(new float[] {1}, new float[] {2}).values())
        .containsOnlyKeys("mae", "mse", "rmse");
  }

  @Test
  void whatIsWrongIsSaid() {
    assertThatThrownBy(() -> EvaluationReport.of(LABELS, PREDICTIONS, List.of("a", "b")))
        .hasMessageContaining("prediction 2 at position 1 is out of range for 2 classes");
    assertThatThrownBy(() -> EvaluationReport.of(List.of(), List.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> EvaluationReport.of(List.of("a"), List.of("a", "b")))
        .hasMessage("2 predictions, needed 1");
  }
}
