package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.tensor.Tensor;

/**
 * A layer that sets elements to zero with probability p in training mode and scales the others by 1
 * / (1 - p); in evaluation mode it does nothing. Each call draws a key from the layer's generator,
 * which determines the mask: the same seed and order of calls give the same masks. In the base of
 * an adapted model each adapter draws from a copy of the generator ({@link #generator}).
 */
public class Dropout extends Module implements Layer {
  private final float p;
  private final Rng rng;

  /** Creates a layer whose masks follow from {@link Rng#current()} at this moment. */
  public Dropout(double p) {
    this(p, Rng.current().split());
  }

  /**
   * Creates a layer with a generator of its own.
   *
   * @throws IllegalArgumentException if p is outside [0, 1)
   */
  public Dropout(double p, Rng rng) {
    if (!(p >= 0 && p < 1)) {
      throw new IllegalArgumentException(
          "Dropout: p is " + p + ", must be at least 0 and less than 1");
    }
    this.p = (float) p;
    this.rng = rng;
  }

  @Override
  public Tensor forward(Tensor x) {
    return seen(
        p == 0 || !training()
            ? x
            : x.dropout(p, Tensor.of(new long[] {generator(rng).nextLong()})));
  }

  /** Returns the probability that an element is zeroed. */
  public float p() {
    return p;
  }

  /** Returns the generator of the masks' keys, from which copies start. */
  public Rng rng() {
    return rng;
  }

  @Override
  protected String extraRepr() {
    return "p=" + ModuleText.number(p) + ", inplace=False";
  }
}
