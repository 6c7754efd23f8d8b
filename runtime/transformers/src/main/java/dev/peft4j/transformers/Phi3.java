package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.nn.Rotary;
import java.util.List;

/**
 * Phi 3 and 4 (Abdin et al. 2024): Llama with fused projections, and longrope in models for long
 * texts.
 */
@AutoService(ModelFamily.class)
public final class Phi3 extends DecoderFamily {
  /** Creates the family. */
  public Phi3() {
    super("phi3", "Phi3");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException {
    DecoderKeys keys = new DecoderKeys(in, modelType());
    keys.config().vocabSize(32064).hiddenSize(3072).intermediateSize(8192).maxPositions(4096);
    keys.style().projection(Projection.BLOCKS).fusedGate(true).normEps(1e-5);
    keys.style().order("o_proj", "qkv_proj");
    keys.sizes().normEps("rms_norm_eps");
    keys.config().residualDropout(keys.dropout("resid_pdrop", 0));
    keys.ignore("embd_pdrop"); // transformers does not use it either
    int first = in.wholeNumber("original_max_position_embeddings", 1, 4096);
    Rotary rotary = keys.rope().originalPositions(first).longropeOnly().read(10000, 1);
    int window = keys.window(0);
    return keys.layers(_ -> new DecoderLayerStyle(rotary, window)).build();
  }

  @Override
  public List<String> attentionTargets() {
    return List.of("qkv_proj");
  }

  @Override
  public Phi3ForCausalLM causalLm(DecoderConfig config, Init init) {
    return new Phi3ForCausalLM(config, init);
  }

  /** Phi3 with its output layer. */
  @ModuleTree(
      value = {
        "model.embed_tokens: Embedding",
        "model.layers.*.self_attn.o_proj: Linear",
        "model.layers.*.self_attn.qkv_proj: Linear",
        "model.layers.*.mlp.gate_up_proj: Linear",
        "model.layers.*.mlp.down_proj: Linear",
        "model.layers.*.input_layernorm: RmsNorm",
        "model.layers.*.post_attention_layernorm: RmsNorm",
        "model.norm: RmsNorm",
        "lm_head: Linear"
      },
      outputHead = "lm_head")
  public static class Phi3ForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public Phi3ForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public Phi3ForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
