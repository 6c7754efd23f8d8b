package dev.peft4j.transformers;

import dev.peft4j.nn.ModelSlots;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.function.Supplier;

/** A smaller decoder of the same kind, which an adapter runs beside its base. */
final class DecoderMirror implements ModelSlots.Mirror {
  private static final ScopedValue<DecoderInput> INPUT = ScopedValue.newInstance();

  private final DecoderModel base;
  private final DecoderModel model;

  DecoderMirror(DecoderModel base, ModelSlots.MirrorSizes s) {
    DecoderConfig c = base.config();
    int layers = s.layers() == 0 ? c.layers() : s.layers();
    if (layers > c.layers()) {
      throw new IllegalArgumentException(
          "a shadow of " + layers + " layers, the model has " + c.layers());
    }
    DecoderConfig.Builder b = c.toBuilder();
    b.layers(layers).headDim(c.headDim()).kvHeads(c.kvHeads());
    b.hiddenSize(s.hidden() == 0 ? c.hiddenSize() : s.hidden());
    b.intermediateSize(s.intermediate() == 0 ? c.intermediateSize() : s.intermediate());
    b.heads(s.heads() == 0 ? c.heads() : s.heads());
    b.embeddingDropout(0).residualDropout(0).attentionDropout(0);
    b.style(c.style().toBuilder().layers(c.style().layers().subList(0, layers)).build());
    DecoderConfig own = b.build();
    this.base = base;
    this.model = new DecoderModel(own, Init.random(own));
    model.firstInCache(c.layers());
  }

  /** Runs a pass of the base for an input. */
  static <T> T in(DecoderInput input, Supplier<T> body) {
    return ScopedValue.where(INPUT, input).call(body::get);
  }

  @Override
  public Module module() {
    return model;
  }

  @Override
  public String table() {
    return base.config().style().name(DecoderPart.EMBEDDING);
  }

  @Override
  public Tensor states(boolean shares) {
    DecoderInput in = INPUT.get();
    return shares ? model.ofWords(base.wordsOf(in), in) : model.forwardAll(in, _ -> {});
  }
}
