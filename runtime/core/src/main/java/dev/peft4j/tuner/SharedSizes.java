package dev.peft4j.tuner;

import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.WeightedLayer;

/**
 * The largest sizes of the linear layers of one adapter, for tensors that all of them share.
 *
 * @param inputs the largest number of inputs
 * @param out the largest number of outputs
 */
public record SharedSizes(int inputs, int out) {
  /** Returns those of the layers that an adapter is attached to. */
  public static SharedSizes of(TunerContext context) {
    int in = 0;
    int out = 0;
    for (NamedModule m : context.layers()) {
      WeightedLayer layer = Weights.linear(m.module());
      if (layer != null) {
        in = Math.max(in, Weights.inputs(layer));
        out = Math.max(out, Weights.outputs(layer));
      }
    }
    return new SharedSizes(in, out);
  }

  /** Returns the smaller one. */
  public int smaller() {
    return Math.min(inputs, out);
  }

  /** Returns the larger one. */
  public int larger() {
    return Math.max(inputs, out);
  }
}
