package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;

/**
 * StarCoder 2 (Lozhkov et al. 2024): layer norms, biases, a feed-forward block without gate, and a
 * window.
 */
@AutoService(ModelFamily.class)
public final class Starcoder2 extends DecoderFamily {
  /** Creates the family. */
  public Starcoder2() {
    super("starcoder2", "Starcoder2");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException {
    DecoderKeys keys = new DecoderKeys(in, modelType());
    keys.config().vocabSize(49152).hiddenSize(3072).intermediateSize(12288).layers(30);
    keys.config().heads(24).kvHeads(2).activation(Activation.GELU_TANH).maxPositions(4096);
    keys.config().initializerRange(0.018042).tied(true);
    boolean bias = in.flag("use_bias", true);
    keys.style().norm(NormKind.LAYER).normEps(1e-5).gated(false);
    keys.style().projectionBias(bias).outputBias(bias).mlpBias(bias);
    keys.style().name(DecoderPart.UP, "c_fc").name(DecoderPart.DOWN, "c_proj");
    keys.sizes().normEps("norm_epsilon");
    keys.config().residualDropout(keys.dropout("residual_dropout", 0));
    keys.config().embeddingDropout(keys.dropout("embedding_dropout", 0));
    keys.ignore("mlp_type", "norm_type", "attention_softmax_in_fp32", "layer_norm_epsilon");
    keys.ignore("scale_attention_softmax_in_fp32", "scale_attn_weights");
    return keys.rotary(10000, 1, keys.window(0)).build();
  }

  @Override
  public Starcoder2ForCausalLM causalLm(DecoderConfig config, Init init) {
    return new Starcoder2ForCausalLM(config, init);
  }

  /** Starcoder2 with its output layer. */
  @ModuleTree(
      value = {
        "model.embed_tokens: Embedding",
        "model.layers.*.self_attn.q_proj: Linear",
        "model.layers.*.self_attn.k_proj: Linear",
        "model.layers.*.self_attn.v_proj: Linear",
        "model.layers.*.self_attn.o_proj: Linear",
        "model.layers.*.mlp.c_fc: Linear",
        "model.layers.*.mlp.c_proj: Linear",
        "model.layers.*.input_layernorm: LayerNorm",
        "model.layers.*.post_attention_layernorm: LayerNorm",
        "model.norm: LayerNorm",
        "lm_head: Linear"
      },
      outputHead = "lm_head")
  public static class Starcoder2ForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public Starcoder2ForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public Starcoder2ForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
