package dev.peft4j.transformers;

import dev.peft4j.nn.Layer;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A decoder's feed-forward block: down(activation(up x)), or down(activation(gate x) · up x). */
public final class DecoderMlp extends NamedParts {
  private final Activation activation;
  private final int width;
  private final @Nullable Layer gate;
  private final @Nullable Layer gateUp;
  private final @Nullable Layer up;
  private final Layer down;

  DecoderMlp(DecoderConfig config, Init init) {
    DecoderStyle style = config.style();
    int hidden = config.hiddenSize();
    this.activation = config.activation();
    this.width = config.intermediateSize();
    boolean fused = style.fusedGate();
    this.gateUp = fused ? linear(DecoderPart.GATE_UP, hidden, 2 * width, style, init) : null;
    this.gate =
        style.gated() && !fused ? linear(DecoderPart.GATE, hidden, width, style, init) : null;
    this.up = fused ? null : linear(DecoderPart.UP, hidden, width, style, init);
    this.down = linear(DecoderPart.DOWN, width, hidden, style, init);
  }

  private WeightedLayer linear(DecoderPart part, int in, int out, DecoderStyle style, Init init) {
    boolean bias = style.mlpBias();
    return part(
        style.name(part),
        style.transposed() ? init.transposed(in, out, bias) : init.linear(in, out, bias));
  }

  Tensor forward(Tensor x) {
    if (gateUp != null) {
      Tensor both = gateUp.forward(x);
      Tensor first = both.slice(2, 0, width);
      return down.forward(activation.gated(first, both.slice(2, width, 2 * width)));
    }
    Tensor raised = java.util.Objects.requireNonNull(up).forward(x);
    return down.forward(
        gate == null ? activation.apply(raised) : activation.gated(gate.forward(x), raised));
  }
}
