package dev.peft4j.samples.llama;

import dev.peft4j.annotation.Init;
import dev.peft4j.annotation.Peft;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.LlamaForCausalLM;

/** A Llama whose adapter begins with a part of the weights. */
@Peft(target = "q_proj", r = 4, init = Init.PISSA)
class PissaLlama extends LlamaForCausalLM {
  PissaLlama(DecoderConfig config) {
    super(config);
  }
}
