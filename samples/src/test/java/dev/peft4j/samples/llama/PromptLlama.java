package dev.peft4j.samples.llama;

import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.Init;
import dev.peft4j.transformers.LlamaForCausalLM;
import dev.peft4j.tuner.prompttuning.PromptStart;
import dev.peft4j.tuner.prompttuning.PromptTuning;

/** A Llama with virtual tokens in front of its texts. */
@PromptTuning(virtualTokens = 6, start = PromptStart.SAMPLE_VOCAB)
class PromptLlama extends LlamaForCausalLM {
  PromptLlama(DecoderConfig config) {
    super(config, Init.zeros());
  }
}
