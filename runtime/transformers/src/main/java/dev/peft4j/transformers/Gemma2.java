package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.nn.Rotary;

/**
 * Gemma 2 (Gemma Team 2024): norms before and after each block, capped scores and logits, and a
 * window in every second layer.
 */
@AutoService(ModelFamily.class)
public final class Gemma2 extends DecoderFamily {
  /** Creates the family. */
  public Gemma2() {
    super("gemma2", "Gemma2");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException {
    DecoderKeys keys = new DecoderKeys(in, modelType());
    defaults(keys);
    Gemma.defaults(keys, "hidden_activation");
    sandwich(keys);
    keys.style().softcap(keys.orOff("attn_logit_softcapping", 50));
    keys.style().finalSoftcap(keys.orOff("final_logit_softcapping", 30));
    int window = keys.window(4096);
    boolean[] sliding = keys.sliding(i -> i % 2 == 0);
    Rotary rotary = keys.rope().read(10000, 1);
    return keys.layers(i -> new DecoderLayerStyle(rotary, sliding[i] ? window : 0)).build();
  }

  /** Sets the sizes of the second and third generation's default. */
  static void defaults(DecoderKeys keys) {
    keys.config().vocabSize(256000).hiddenSize(2304).intermediateSize(9216).layers(26);
    keys.config().heads(8).kvHeads(4).maxPositions(8192);
  }

  /** Puts norms before and after each block, and reads the scale of scores. */
  static void sandwich(DecoderKeys keys) throws FileFormatException {
    keys.style()
        .norms(
            DecoderPart.ATTENTION_NORM,
            DecoderPart.ATTENTION_RESULT_NORM,
            DecoderPart.MLP_NORM,
            DecoderPart.MLP_RESULT_NORM)
        .name(DecoderPart.MLP_NORM, "pre_feedforward_layernorm")
        .attentionScale(Math.pow(keys.orOff("query_pre_attn_scalar", 256), -0.5));
  }

  @Override
  public Gemma2ForCausalLM causalLm(DecoderConfig config, Init init) {
    return new Gemma2ForCausalLM(config, init);
  }

  /** Gemma2 with its output layer. */
  @ModuleTree(
      like = LlamaForCausalLM.class,
      value = {
        "model.layers.*.input_layernorm: dev.peft4j.transformers.PlusOneRmsNorm",
        "model.layers.*.post_attention_layernorm: dev.peft4j.transformers.PlusOneRmsNorm",
        "model.norm: dev.peft4j.transformers.PlusOneRmsNorm",
        "model.layers.*.pre_feedforward_layernorm: dev.peft4j.transformers.PlusOneRmsNorm",
        "model.layers.*.post_feedforward_layernorm: dev.peft4j.transformers.PlusOneRmsNorm"
      })
  public static class Gemma2ForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public Gemma2ForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public Gemma2ForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
