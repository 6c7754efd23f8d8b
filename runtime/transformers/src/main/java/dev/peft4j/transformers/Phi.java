package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;
import java.util.List;

/**
 * Phi 1, 1.5 and 2 (Gunasekar et al. 2023): attention and feed-forward block side by side, layer
 * norms and biases everywhere.
 */
@AutoService(ModelFamily.class)
public final class Phi extends DecoderFamily {
  /** Creates the family. */
  public Phi() {
    super("phi", "Phi");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException {
    DecoderKeys keys = new DecoderKeys(in, modelType());
    keys.config().vocabSize(51200).hiddenSize(2048).intermediateSize(8192).layers(24);
    keys.config().activation(Activation.GELU_TANH);
    keys.style()
        .norm(NormKind.LAYER)
        .normEps(1e-5)
        .norms(DecoderPart.ATTENTION_NORM)
        .parallel(true);
    keys.style().projectionBias(true).outputBias(true).mlpBias(true).headBias(true).gated(false);
    keys.style().qkNorm(in.flag("qk_layernorm", false) ? QkNorm.SHARED : QkNorm.NONE);
    keys.style()
        .name(DecoderPart.OUTPUT, "dense")
        .name(DecoderPart.QUERY_NORM, "q_layernorm")
        .name(DecoderPart.KEY_NORM, "k_layernorm")
        .name(DecoderPart.UP, "fc1")
        .name(DecoderPart.DOWN, "fc2")
        .name(DecoderPart.FINAL_NORM, "final_layernorm");
    keys.sizes().normEps("layer_norm_eps");
    keys.config().residualDropout(keys.dropout("resid_pdrop", 0));
    keys.config().embeddingDropout(keys.dropout("embd_pdrop", 0));
    return keys.rotary(10000, 0.5, 0).build();
  }

  @Override
  public List<String> parts() {
    return List.of("embed_tokens", "layers", "final_layernorm");
  }

  @Override
  public PhiForCausalLM causalLm(DecoderConfig config, Init init) {
    return new PhiForCausalLM(config, init);
  }

  /** Phi with its output layer. */
  @ModuleTree(
      value = {
        "model.embed_tokens: Embedding",
        "model.layers.*.self_attn.q_proj: Linear",
        "model.layers.*.self_attn.k_proj: Linear",
        "model.layers.*.self_attn.v_proj: Linear",
        "model.layers.*.self_attn.dense: Linear",
        "model.layers.*.mlp.fc1: Linear",
        "model.layers.*.mlp.fc2: Linear",
        "model.layers.*.input_layernorm: LayerNorm",
        "model.final_layernorm: LayerNorm",
        "lm_head: Linear",
        "model.layers.*.self_attn.q_layernorm: LayerNorm",
        "model.layers.*.self_attn.k_layernorm: LayerNorm"
      },
      outputHead = "lm_head")
  public static class PhiForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public PhiForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public PhiForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
