package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;

/**
 * Granite 3 (Granite Team 2024): Llama with multipliers of embeddings, scores, results and logits.
 */
@AutoService(ModelFamily.class)
public final class Granite extends DecoderFamily {
  /** Creates the family. */
  public Granite() {
    super("granite", "Granite");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException {
    DecoderKeys keys = new DecoderKeys(in, modelType()).sizes().normEps("rms_norm_eps");
    boolean bias = in.flag("attention_bias", false);
    keys.style().projectionBias(bias).outputBias(bias).mlpBias(in.flag("mlp_bias", false));
    keys.style()
        .embeddingScale(keys.factor("embedding_multiplier", 1))
        .scalesWords(false)
        .attentionScale(keys.factor("attention_multiplier", 1))
        .residualScale(keys.factor("residual_multiplier", 1))
        .logitScale(1 / keys.factor("logits_scaling", 1));
    return keys.rotary(10000, 1, 0).build();
  }

  @Override
  public GraniteForCausalLM causalLm(DecoderConfig config, Init init) {
    return new GraniteForCausalLM(config, init);
  }

  /** Granite with its output layer. */
  @ModuleTree(like = LlamaForCausalLM.class)
  public static class GraniteForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public GraniteForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public GraniteForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
