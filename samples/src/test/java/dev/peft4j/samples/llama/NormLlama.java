package dev.peft4j.samples.llama;

import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.Init;
import dev.peft4j.transformers.LlamaForCausalLM;
import dev.peft4j.tuner.lntuning.LnTuning;

/** A Llama of which the norms are trained. */
@LnTuning(target = {"input_layernorm", "model.norm"})
class NormLlama extends LlamaForCausalLM {
  NormLlama(DecoderConfig config) {
    super(config, Init.zeros());
  }
}
