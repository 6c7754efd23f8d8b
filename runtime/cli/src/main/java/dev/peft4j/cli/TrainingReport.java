package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.train.TrainingResult;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * What a training run prints at its end.
 *
 * @param result of the run
 * @param evaluation the last or best evaluation; may be empty
 * @param adapter where the adapter is
 * @param seconds that it took
 */
record TrainingReport(
    TrainingResult result, Map<String, Double> evaluation, Path adapter, double seconds) {
  /**
   * Prints it.
   *
   * @param what the loss is the mean over, such as {@code examples}
   * @param more further figures of the result as JSON
   */
  void print(Out out, String what, Map<String, Double> more) {
    if (out.json()) {
      ObjectNode tree = Out.object();
      tree.put("steps", result.state().step());
      tree.put("reason", result.reason().name().toLowerCase(Locale.ROOT));
      tree.put("train_loss", Double.isNaN(result.loss()) ? null : (Double) result.loss());
      evaluation.forEach((name, value) -> tree.put("eval_" + name, value));
      tree.put("seconds", seconds);
      more.forEach(tree::put);
      tree.put("adapter", adapter.toString());
      out.line(tree);
      return;
    }
    out.line("steps: %d (%s)", result.state().step(), result.reason());
    out.line("training loss, mean over the %s of the last steps: %.4f", what, result.loss());
    evaluation.forEach((name, value) -> out.line("evaluation %s: %.4f", name, value));
    out.line("adapter: %s", adapter);
  }
}
