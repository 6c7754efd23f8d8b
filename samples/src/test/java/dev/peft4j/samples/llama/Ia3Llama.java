package dev.peft4j.samples.llama;

import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.Init;
import dev.peft4j.transformers.LlamaForCausalLM;
import dev.peft4j.tuner.ia3.Ia3;

/** A Llama with another tuner's annotation. */
@Ia3(
    target = {"k_proj", "v_proj", "down_proj"},
    feedforward = "down_proj")
class Ia3Llama extends LlamaForCausalLM {
  Ia3Llama(DecoderConfig config) {
    super(config, Init.zeros());
  }
}
