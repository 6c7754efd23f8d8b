package dev.peft4j.samples.llama;

import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.Init;
import dev.peft4j.transformers.LlamaForCausalLM;
import dev.peft4j.tuner.loha.LoHa;

/** A Llama with another tuner's annotation. */
@LoHa(
    target = {"q_proj", "v_proj"},
    r = 4)
class LoHaLlama extends LlamaForCausalLM {
  LoHaLlama(DecoderConfig config) {
    super(config, Init.zeros());
  }
}
