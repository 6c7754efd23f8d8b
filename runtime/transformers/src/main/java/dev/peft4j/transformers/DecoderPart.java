package dev.peft4j.transformers;

/**
 * A part of a decoder that families give their own name; {@link #usualName} is Llama's, or that of
 * the family that has it first.
 */
public enum DecoderPart {
  /** The decoder without its head. */
  BASE("model"),
  /** The table of tokens. */
  EMBEDDING("embed_tokens"),
  /** The table of learned positions. */
  POSITIONS("wpe"),
  /** The norm of the embeddings. */
  EMBEDDING_NORM("word_embeddings_layernorm"),
  /** The list of layers. */
  LAYERS("layers"),
  /** The norm of the last hidden states. */
  FINAL_NORM("norm"),
  /** The output layer. */
  HEAD("lm_head"),
  /** A layer's attention. */
  ATTENTION("self_attn"),
  /** The projection to queries. */
  QUERY("q_proj"),
  /** The projection to keys. */
  KEY("k_proj"),
  /** The projection to values. */
  VALUE("v_proj"),
  /** The projection to queries, keys and values in one. */
  QUERY_KEY_VALUE("qkv_proj"),
  /** The projection of the attention's result. */
  OUTPUT("o_proj"),
  /** The norm of queries. */
  QUERY_NORM("q_norm"),
  /** The norm of keys. */
  KEY_NORM("k_norm"),
  /** A layer's feed-forward block. */
  MLP("mlp"),
  /** The projection whose activation multiplies that of {@link #UP}. */
  GATE("gate_proj"),
  /** The projection to the block's width. */
  UP("up_proj"),
  /** {@link #GATE} and {@link #UP} in one. */
  GATE_UP("gate_up_proj"),
  /** The projection back to the hidden size. */
  DOWN("down_proj"),
  /** The norm before the attention. */
  ATTENTION_NORM("input_layernorm"),
  /** The norm of the attention's result. */
  ATTENTION_RESULT_NORM("post_attention_layernorm"),
  /** The norm before the feed-forward block. */
  MLP_NORM("post_attention_layernorm"),
  /** The norm of the feed-forward block's result. */
  MLP_RESULT_NORM("post_feedforward_layernorm");

  private final String usualName;

  DecoderPart(String usualName) {
    this.usualName = usualName;
  }

  /** Returns the name in files, if the family gives no other. */
  public String usualName() {
    return usualName;
  }
}
