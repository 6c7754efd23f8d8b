package dev.peft4j.transformers;

import dev.peft4j.nn.Rotary;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a decoder that may differ from layer to layer.
 *
 * @param rotary the rotary embedding of queries and keys, or null for none
 * @param window how many tokens a query sees, itself included; 0 for all before it
 */
public record DecoderLayerStyle(@Nullable Rotary rotary, int window) {
  /** Neither a rotary embedding nor a window. */
  static final DecoderLayerStyle PLAIN = new DecoderLayerStyle(null, 0);
}
