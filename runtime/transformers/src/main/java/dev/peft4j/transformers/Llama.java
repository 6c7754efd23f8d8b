package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;

/** Llama (Touvron et al. 2023, Llama 2 and 3), and the many models that are built like it. */
@AutoService(ModelFamily.class)
public final class Llama extends DecoderFamily {
  /** Creates the family. */
  public Llama() {
    super("llama", "Llama");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException {
    DecoderKeys keys = new DecoderKeys(in, modelType()).sizes().normEps("rms_norm_eps");
    boolean bias = in.flag("attention_bias", false);
    keys.style().projectionBias(bias).outputBias(bias).mlpBias(in.flag("mlp_bias", false));
    return keys.rotary(10000, 1, 0).build();
  }

  @Override
  public LlamaForCausalLM causalLm(DecoderConfig config, Init init) {
    return new LlamaForCausalLM(config, init);
  }
}
