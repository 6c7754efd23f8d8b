package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;

/**
 * OLMo 2 (OLMo Team 2024): Llama with norms after the blocks instead of before, and of all queries
 * and keys.
 */
@AutoService(ModelFamily.class)
public final class Olmo2 extends DecoderFamily {
  /** Creates the family. */
  public Olmo2() {
    super("olmo2", "Olmo2");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException {
    DecoderKeys keys = new DecoderKeys(in, modelType());
    keys.config().vocabSize(50304);
    keys.style()
        .normEps(1e-5)
        .norms(DecoderPart.ATTENTION_RESULT_NORM, DecoderPart.MLP_RESULT_NORM)
        .qkNorm(QkNorm.WHOLE);
    keys.sizes().normEps("rms_norm_eps");
    boolean bias = in.flag("attention_bias", false);
    keys.style().projectionBias(bias).outputBias(bias);
    return keys.rotary(10000, 1, 0).build();
  }

  @Override
  public Olmo2ForCausalLM causalLm(DecoderConfig config, Init init) {
    return new Olmo2ForCausalLM(config, init);
  }

  /** Olmo2 with its output layer. */
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
        "model.layers.*.post_attention_layernorm: RmsNorm",
        "model.layers.*.post_feedforward_layernorm: RmsNorm",
        "model.norm: RmsNorm",
        "lm_head: Linear",
        "model.layers.*.self_attn.q_norm: RmsNorm",
        "model.layers.*.self_attn.k_norm: RmsNorm"
      },
      outputHead = "lm_head")
  public static class Olmo2ForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public Olmo2ForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public Olmo2ForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
