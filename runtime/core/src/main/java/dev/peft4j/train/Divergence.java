package dev.peft4j.train;

import dev.peft4j.data.Storage;
import dev.peft4j.nn.NamedParameter;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The search for the parameter that made training meet numbers that are not finite. */
final class Divergence {
  /**
   * The state of a parameter's values: the number of those that are not finite, and the largest of
   * the rest.
   */
  private record Values(String name, long bad, long first, float largest) {
    static Values of(NamedParameter p) {
      Storage own = p.parameter().own();
      long bad = 0;
      long first = -1;
      float largest = 0;
      for (long i = 0; i < own.elements(); i++) {
        float v = own.floatAt(i);
        if (!Float.isFinite(v)) {
          first = bad++ == 0 ? i : first;
        } else if (Math.abs(v) > largest) {
          largest = Math.abs(v);
        }
      }
      return new Values(p.name(), bad, first, largest);
    }
  }

  private Divergence() {}

  static boolean isFinite(Storage values) {
    for (long i = 0; i < values.elements(); i++) {
      if (!Float.isFinite(values.floatAt(i))) {
        return false;
      }
    }
    return true;
  }

  /**
   * Returns the exception for a loss that is not finite.
   *
   * @param where the step and the batch, in words
   */
  static TrainingDivergedException loss(
      Subject model, long step, String where, double loss, @Nullable Path checkpoint) {
    List<Values> all = model.parameters().stream().map(Values::of).toList();
    String found = where + ": the loss is " + loss + ", needed a finite number; ";
    for (Values v : all) {
      if (v.bad > 0) {
        return new TrainingDivergedException(step, loss, found + describe(v), v.name, checkpoint);
      }
    }
    Values largest = all.getFirst();
    for (Values v : all) {
      largest = v.largest > largest.largest ? v : largest;
    }
    return new TrainingDivergedException(
        step,
        loss,
        found
            + "all parameters are finite, the largest value is "
            + largest.largest
            + " in parameter '"
            + largest.name
            + "'; nothing was changed by this step. Look at the batch, lower the learning rate, or"
            + " clip gradients",
        largest.name,
        checkpoint);
  }

  /**
   * Returns the exception for a finite loss after which a trained parameter is not finite, or null
   * if all are finite.
   */
  static @Nullable TrainingDivergedException parameters(
      Subject model, long step, String where, double loss, @Nullable Path checkpoint) {
    for (NamedParameter p : model.parameters()) {
      if (p.parameter().trainable() && !isFinite(p.parameter().own())) {
        Values v = Values.of(p);
        return new TrainingDivergedException(
            step,
            loss,
            where + ": the loss is " + loss + ", but afterwards " + describe(v),
            v.name,
            checkpoint);
      }
    }
    return null;
  }

  private static String describe(Values v) {
    return "parameter '"
        + v.name
        + "' has "
        + v.bad
        + (v.bad == 1 ? " value that is" : " values that are")
        + " not finite, the first at "
        + v.first;
  }
}
