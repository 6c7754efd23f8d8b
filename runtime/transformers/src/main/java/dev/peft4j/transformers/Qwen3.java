package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;

/** Qwen 3 (Yang et al. 2025): Llama with norms of the queries and keys of each head. */
@AutoService(ModelFamily.class)
public final class Qwen3 extends DecoderFamily {
  /** Creates the family. */
  public Qwen3() {
    super("qwen3", "Qwen3");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException {
    DecoderKeys keys = new DecoderKeys(in, modelType());
    keys.config()
        .vocabSize(151936)
        .kvHeads(32)
        .intermediateSize(22016)
        .maxPositions(32768)
        .headDim(128);
    boolean bias = in.flag("attention_bias", false);
    keys.style().projectionBias(bias).outputBias(bias).qkNorm(QkNorm.SHARED);
    return Qwen2.windowed(keys.sizes().normEps("rms_norm_eps"));
  }

  @Override
  public Qwen3ForCausalLM causalLm(DecoderConfig config, Init init) {
    return new Qwen3ForCausalLM(config, init);
  }

  /** Qwen3 with its output layer. */
  @ModuleTree(
      like = LlamaForCausalLM.class,
      value = {
        "model.layers.*.self_attn.q_norm: RmsNorm",
        "model.layers.*.self_attn.k_norm: RmsNorm"
      })
  public static class Qwen3ForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public Qwen3ForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public Qwen3ForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
