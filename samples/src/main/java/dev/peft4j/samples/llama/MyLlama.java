package dev.peft4j.samples.llama;

import dev.peft4j.annotation.Peft;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.Init;
import dev.peft4j.transformers.LlamaForCausalLM;
import dev.peft4j.transformers.Transformers;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A Llama with LoRA on the projections to queries and values. The processor writes {@code
 * MyLlamaPeft}, and checks the targets against Llama's modules when this is compiled.
 */
@Peft(
    target = {"q_proj", "v_proj"},
    r = 8,
    alpha = 16,
    taskType = "CAUSAL_LM")
public class MyLlama extends LlamaForCausalLM {
  /** Creates a model whose weights are all 0, to be loaded. */
  public MyLlama(DecoderConfig config) {
    super(config, Init.zeros());
  }

  /** Returns the model in a folder, frozen, with a new adapter. */
  public static MyLlamaPeft of(Path folder) throws IOException {
    return Transformers.load(folder, new MyLlamaPeft(Transformers.decoderConfig(folder)));
  }
}
