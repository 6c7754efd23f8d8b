package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;

/**
 * Command R (Cohere 2024): attention and feed-forward block side by side, and a rotary embedding of
 * neighbours.
 */
@AutoService(ModelFamily.class)
public final class Cohere extends DecoderFamily {
  /** Creates the family. */
  public Cohere() {
    super("cohere", "Cohere");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException {
    DecoderKeys keys = new DecoderKeys(in, modelType());
    keys.config().vocabSize(256000).hiddenSize(8192).intermediateSize(22528).layers(40).heads(64);
    keys.config().maxPositions(8192).tied(true);
    keys.style().norm(NormKind.LAYER_NO_BIAS).normEps(1e-5).interleaved(true);
    keys.style().parallel(true).norms(DecoderPart.ATTENTION_NORM);
    keys.style().qkNorm(in.flag("use_qk_norm", false) ? QkNorm.ROWS : QkNorm.NONE);
    boolean bias = in.flag("attention_bias", false);
    keys.style().projectionBias(bias).outputBias(bias);
    keys.style().logitScale(keys.factor("logit_scale", 0.0625));
    return keys.sizes().normEps("layer_norm_eps").rotary(500_000, 1, 0).build();
  }

  @Override
  public CohereForCausalLM causalLm(DecoderConfig config, Init init) {
    return new CohereForCausalLM(config, init);
  }

  /** Cohere with its output layer. */
  @ModuleTree(
      value = {
        "model.embed_tokens: Embedding",
        "model.layers.*.self_attn.q_proj: Linear",
        "model.layers.*.self_attn.k_proj: Linear",
        "model.layers.*.self_attn.v_proj: Linear",
        "model.layers.*.self_attn.o_proj: Linear",
        "model.layers.*.mlp.gate_proj: Linear",
        "model.layers.*.mlp.up_proj: Linear",
        "model.layers.*.mlp.down_proj: Linear",
        "model.layers.*.input_layernorm: LayerNorm",
        "model.norm: LayerNorm",
        "lm_head: Linear",
        "model.layers.*.self_attn.q_norm: dev.peft4j.transformers.RowsNorm",
        "model.layers.*.self_attn.k_norm: dev.peft4j.transformers.RowsNorm"
      },
      outputHead = "lm_head")
  public static class CohereForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public CohereForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public CohereForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
