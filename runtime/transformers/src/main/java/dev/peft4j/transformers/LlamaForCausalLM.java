package dev.peft4j.transformers;

import dev.peft4j.annotation.ModuleTree;

/** Llama with its output layer, transformers' {@code LlamaForCausalLM}. */
@ModuleTree(
    value = {
      "model.embed_tokens: Embedding",
      "model.layers.*.self_attn.q_proj: Linear",
      "model.layers.*.self_attn.k_proj: Linear",
      "model.layers.*.self_attn.v_proj: Linear",
      "model.layers.*.self_attn.o_proj: Linear",
      "model.layers.*.mlp.gate_proj: Linear",
      "model.layers.*.mlp.up_proj: Linear",
      "model.layers.*.mlp.down_proj: Linear",
      "model.layers.*.input_layernorm: RmsNorm",
      "model.layers.*.post_attention_layernorm: RmsNorm",
      "model.norm: RmsNorm",
      "lm_head: Linear"
    },
    outputHead = "lm_head")
public class LlamaForCausalLM extends CausalLm {
  /** Creates a new model, initialised as in transformers. */
  public LlamaForCausalLM(DecoderConfig config) {
    this(config, Init.random(config));
  }

  /** Creates a model whose layers {@code init} makes. */
  public LlamaForCausalLM(DecoderConfig config, Init init) {
    super(config, init);
  }
}
