package dev.peft4j.transformers;

/** Llama with its output layer, transformers' {@code LlamaForCausalLM}. */
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
