package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.function.Supplier;

/**
 * Hidden states that an adapter has besides those of the model, and from which the output layer is
 * to predict the same labels: a further part of the loss.
 *
 * @param weight what that part is multiplied by
 * @param states (batch, tokens, hidden)
 */
public record FurtherStates(double weight, Tensor states) {
  private static final ScopedValue<List<FurtherStates>> ASKED = ScopedValue.newInstance();

  /** Runs a pass of the model whose loss is to be computed, and collects them. */
  public static <T> T collecting(List<FurtherStates> into, Supplier<T> pass) {
    return ScopedValue.where(ASKED, into).call(pass::get);
  }

  /** Gives some to whoever collects them; does nothing if nobody does. */
  public static void add(double weight, Tensor states) {
    if (ASKED.isBound()) {
      ASKED.get().add(new FurtherStates(weight, states));
    }
  }
}
