package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;

/** Mistral (Jiang et al. 2023): Llama with a window of tokens that a query sees. */
@AutoService(ModelFamily.class)
public final class Mistral extends DecoderFamily {
  /** Creates the family. */
  public Mistral() {
    super("mistral", "Mistral");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException {
    DecoderKeys keys = new DecoderKeys(in, modelType());
    keys.config().intermediateSize(14336).kvHeads(8).maxPositions(131072);
    keys.sizes().normEps("rms_norm_eps");
    return keys.rotary(10000, 1, keys.window(4096)).build();
  }

  @Override
  public MistralForCausalLM causalLm(DecoderConfig config, Init init) {
    return new MistralForCausalLM(config, init);
  }

  /** Mistral with its output layer. */
  @ModuleTree(like = LlamaForCausalLM.class)
  public static class MistralForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public MistralForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public MistralForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
