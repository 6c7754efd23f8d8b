package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Where adapters act on a layer. It holds none itself: the adapted models that share the layer do,
 * by its slot.
 */
public final class AdapterSlot {
  private volatile OverlaySource[] sources = Overlays.NONE;

  /** A slot that nothing acts on. */
  public AdapterSlot() {}

  /** The layer's result: {@code base} with the adapters around it that act on this call. */
  public Tensor apply(Tensor x, UnaryOperator<Tensor> base) {
    Overlay acting = Overlays.acting(sources);
    return acting == null ? base.apply(x) : acting.apply(this, x, base);
  }

  /** Lets an adapted model act on the layer. */
  public synchronized void join(OverlaySource source) {
    sources = Overlays.plus(sources, source);
  }

  /** Ends that. */
  public synchronized void leave(OverlaySource source) {
    sources = Overlays.minus(sources, source);
  }

  /** The adapted models that act on the layer. */
  public List<OverlaySource> sources() {
    return List.of(sources);
  }
}
