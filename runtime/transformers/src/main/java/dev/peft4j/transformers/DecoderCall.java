package dev.peft4j.transformers;

import dev.peft4j.nn.Rotary;
import dev.peft4j.tensor.Tensor;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * What all layers share in one call of a decoder: positions, the angles of rotary embeddings, and
 * masks by window.
 */
final class DecoderCall {
  private final int tokens;
  private final Tensor positions;
  private final DecoderMask mask;
  private final Map<Rotary, Tensor> tables = new IdentityHashMap<>();
  private final Map<Integer, DecoderMask.Seen> masks = new HashMap<>();

  DecoderCall(DecoderInput in, DecoderConfig config) {
    this.tokens = in.inputIds().dim(1);
    Tensor given = in.positionIds();
    this.positions = given == null ? Positions.ofPlaces(tokens) : given;
    this.mask = DecoderMask.of(in, config);
  }

  /** Returns the positions, (batch or 1, tokens). */
  Tensor positions() {
    return positions;
  }

  /** Returns the cosines and sines of a rotary embedding. */
  Tensor table(Rotary rotary) {
    return tables.computeIfAbsent(rotary, r -> r.table(positions));
  }

  /**
   * Returns which keys a query sees.
   *
   * @param window how many tokens a query sees; 0 for all before it
   * @param whole whether the additive mask has to hide later keys too
   */
  DecoderMask.Seen seen(int window, boolean whole) {
    int w = window >= tokens ? 0 : window;
    return masks.computeIfAbsent(whole ? -1 - w : w, _ -> mask.seen(w, whole));
  }
}
