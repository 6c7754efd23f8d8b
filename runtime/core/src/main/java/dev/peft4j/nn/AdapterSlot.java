package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The place where adapters act on a layer. It holds no adapters itself: the adapted models that
 * share the layer find theirs by the slot.
 */
public final class AdapterSlot {
  private volatile OverlaySource[] sources = Overlays.NONE;

  /** Creates a slot without adapters. */
  public AdapterSlot() {}

  /** Returns the layer's result: {@code base} with the adapters that are active for this call. */
  public Tensor apply(Tensor x, UnaryOperator<Tensor> base) {
    Overlay acting = Overlays.acting(sources);
    return acting == null ? base.apply(x) : acting.apply(this, x, base);
  }

  /** Returns whether an adapted model may act on the layer. */
  public boolean isUsed() {
    return sources.length > 0;
  }

  /** Lets an adapted model act on the layer. */
  public synchronized void join(OverlaySource source) {
    sources = Overlays.plus(sources, source);
  }

  /** Removes an adapted model. */
  public synchronized void leave(OverlaySource source) {
    sources = Overlays.minus(sources, source);
  }

  /** Returns the adapted models that act on the layer. */
  public List<OverlaySource> sources() {
    return List.of(sources);
  }
}
