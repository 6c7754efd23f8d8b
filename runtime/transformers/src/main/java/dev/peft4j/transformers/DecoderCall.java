package dev.peft4j.transformers;

import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.nn.Rotary;
import dev.peft4j.tensor.Tensor;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What all layers share in one call of a decoder: positions, the angles of rotary embeddings, and
 * masks.
 */
final class DecoderCall {
  private final int tokens;
  private final @Nullable KeyValueCache cache;
  private final Tensor positions;
  private final DecoderMask mask;
  private final Map<Rotary, Tensor> tables = new IdentityHashMap<>();
  private final Map<Integer, Tensor> masks = new HashMap<>();

  DecoderCall(DecoderInput in, DecoderConfig config) {
    this.tokens = in.inputIds().dim(1);
    this.cache = in.cache();
    Tensor given = in.positionIds();
    this.positions =
        given != null ? given : cache != null ? cache.positions() : Positions.ofPlaces(tokens);
    this.mask = DecoderMask.of(in, config);
  }

  /** Returns the keys and values of earlier tokens, or null. */
  @Nullable KeyValueCache cache() {
    return cache;
  }

  /** Returns the positions, (batch or 1, tokens). */
  Tensor positions() {
    return positions;
  }

  /** Returns the cosines and sines of a rotary embedding. */
  Tensor table(Rotary rotary) {
    return tables.computeIfAbsent(rotary, r -> r.table(positions));
  }

  /** Returns which keys queries see, besides what {@code Attention} does by itself. */
  DecoderMask mask() {
    return mask;
  }

  /** Returns everything that hides keys as one mask, for attention in single steps. */
  Tensor wholeMask(int window) {
    return masks.computeIfAbsent(window, w -> mask.whole(tokens, w));
  }
}
