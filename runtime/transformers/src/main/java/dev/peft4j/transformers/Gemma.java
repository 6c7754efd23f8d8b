package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;

/** Gemma (Gemma Team 2024): Llama with scaled embeddings and norms that multiply by 1 + w. */
@AutoService(ModelFamily.class)
public final class Gemma extends DecoderFamily {
  /** Creates the family. */
  public Gemma() {
    super("gemma", "Gemma");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException {
    DecoderKeys keys = new DecoderKeys(in, modelType());
    keys.config().vocabSize(256000).hiddenSize(3072).intermediateSize(24576).layers(28);
    keys.config().heads(16).kvHeads(16).maxPositions(8192);
    defaults(keys, "hidden_act");
    // the first generation alone: its files say gelu and mean the approximation
    boolean exact = keys.config().activation == Activation.GELU;
    keys.config().activation(exact ? Activation.GELU_TANH : keys.config().activation);
    keys.ignore("hidden_activation"); // of older files; the tanh approximation in any case
    return keys.rotary(10000, 1, 0).build();
  }

  /** Reads what all generations of Gemma have in common. */
  static void defaults(DecoderKeys keys, String activation) throws FileFormatException {
    keys.file().requireOff("use_bidirectional_attention", null);
    keys.config().headDim(256).activation(Activation.GELU_TANH).tied(true);
    keys.style().norm(NormKind.RMS_PLUS_ONE);
    keys.sizes().normEps("rms_norm_eps");
    boolean bias = keys.file().flag("attention_bias", false);
    keys.config().activation(keys.activation(activation, Activation.GELU_TANH));
    keys.style().embeddingScale((float) Math.sqrt(keys.config().hiddenSize));
    keys.style().projectionBias(bias).outputBias(bias);
  }

  @Override
  public GemmaForCausalLM causalLm(DecoderConfig config, Init init) {
    return new GemmaForCausalLM(config, init);
  }

  /** Gemma with its output layer. */
  @ModuleTree(
      like = LlamaForCausalLM.class,
      value = {
        "model.layers.*.input_layernorm: dev.peft4j.transformers.PlusOneRmsNorm",
        "model.layers.*.post_attention_layernorm: dev.peft4j.transformers.PlusOneRmsNorm",
        "model.norm: dev.peft4j.transformers.PlusOneRmsNorm"
      })
  public static class GemmaForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public GemmaForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public GemmaForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
