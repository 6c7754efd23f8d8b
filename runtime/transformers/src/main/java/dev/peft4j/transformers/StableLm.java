package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;

/**
 * StableLM (Bellagente et al. 2024): Llama with layer norms and a rotary embedding of a part of
 * each head.
 */
@AutoService(ModelFamily.class)
public final class StableLm extends DecoderFamily {
  /** Creates the family. */
  public StableLm() {
    super("stablelm", "StableLm");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException {
    DecoderKeys keys = new DecoderKeys(in, modelType());
    keys.config().vocabSize(50304).hiddenSize(2560).intermediateSize(6912).maxPositions(4096);
    keys.config().kvHeads(32);
    keys.style().norm(NormKind.LAYER).normEps(1e-5);
    keys.style().projectionBias(in.flag("use_qkv_bias", false));
    keys.style().qkNorm(in.flag("qk_layernorm", false) ? QkNorm.LIST : QkNorm.NONE);
    keys.style()
        .name(DecoderPart.QUERY_NORM, "q_layernorm")
        .name(DecoderPart.KEY_NORM, "k_layernorm");
    if (in.flag("use_parallel_residual", false)) {
      keys.style().parallel(true).norms(DecoderPart.ATTENTION_NORM);
    }
    keys.sizes().normEps("layer_norm_eps");
    keys.config().residualDropout(keys.dropout("hidden_dropout", 0));
    return keys.rotary(10000, 0.25, 0).build();
  }

  @Override
  public StableLmForCausalLM causalLm(DecoderConfig config, Init init) {
    return new StableLmForCausalLM(config, init);
  }

  /** StableLm with its output layer. */
  @ModuleTree(
      like = LlamaForCausalLM.class,
      value = {
        "model.layers.*.input_layernorm: LayerNorm",
        "model.layers.*.post_attention_layernorm: LayerNorm",
        "model.norm: LayerNorm",
        "model.layers.*.self_attn.q_layernorm.norms.*: LayerNorm",
        "model.layers.*.self_attn.k_layernorm.norms.*: LayerNorm"
      })
  public static class StableLmForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public StableLmForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public StableLmForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
