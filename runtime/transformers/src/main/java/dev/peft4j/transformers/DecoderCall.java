package dev.peft4j.transformers;

import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.nn.ModelSlots;
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
  private final DecoderPlaces places;
  private final ModelSlots slots;
  private final @Nullable KeyValueCache cache;
  private final Tensor positions;
  private int passes;
  private int firstLayer;
  private final DecoderMask mask;
  private final Map<Rotary, Tensor> tables = new IdentityHashMap<>();
  private final Map<Integer, Tensor> prefixes = new HashMap<>();
  private final Map<Integer, Tensor> masks = new HashMap<>();

  /** A call whose virtual tokens are at {@code places}. */
  DecoderCall(DecoderInput in, DecoderConfig config, DecoderPlaces places, ModelSlots slots) {
    this.places = places;
    this.slots = slots;
    this.cache = in.cache();
    Tensor given = in.positionIds();
    this.positions =
        cache != null && given == null
            ? cache.positions()
            : places.virtual() == 0 && given != null ? given : places.positions(given);
    this.mask = DecoderMask.of(in, config, places);
  }

  /**
   * Returns the keys and values in front of a layer's own, side by side; null if there are none.
   */
  @Nullable Tensor prefix(int layer) {
    return places.keys() == 0 || cache != null
        ? null
        : prefixes.computeIfAbsent(layer, l -> DecoderPlaces.prefix(slots, l, places.rows()));
  }

  /** Begins a pass through the layers: each has keys and values of its own in a cache. */
  void beginPass(int first, int layers) {
    firstLayer = first + passes * layers;
    passes++;
  }

  /** Returns the index in a cache of a layer's keys and values in this pass. */
  int inCache(int layer) {
    return firstLayer + layer;
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
    return masks.computeIfAbsent(window, w -> mask.whole(places, w));
  }
}
