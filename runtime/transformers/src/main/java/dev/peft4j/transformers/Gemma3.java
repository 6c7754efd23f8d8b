package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.nn.Rotary;

/**
 * Gemma 3 (Gemma Team 2025), the text model: Gemma 2 with norms of queries and keys, and another
 * rotary embedding in layers with a window.
 */
@AutoService(ModelFamily.class)
public final class Gemma3 extends DecoderFamily {
  /** Creates the family. */
  public Gemma3() {
    super("gemma3_text", "Gemma3");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException {
    DecoderKeys keys = new DecoderKeys(in, modelType());
    Gemma2.defaults(keys);
    keys.config().vocabSize(262208).maxPositions(131072);
    keys.style().qkNorm(QkNorm.SHARED);
    Gemma.defaults(keys, "hidden_activation");
    Gemma2.sandwich(keys);
    keys.ignore("attn_logit_softcapping"); // the model has none, whatever the file says
    keys.style().finalSoftcap(keys.orOff("final_logit_softcapping", 0));
    int window = keys.window(4096);
    int pattern = in.wholeNumber("sliding_window_pattern", 1, 6);
    boolean[] sliding = keys.sliding(i -> (i + 1) % pattern != 0);
    Rotary[] rotary = rotaries(in, keys.rope());
    return keys.layers(
            i -> new DecoderLayerStyle(rotary[sliding[i] ? 1 : 0], sliding[i] ? window : 0))
        .build();
  }

  /** Reads the rotary embeddings of layers without and with a window. */
  private static Rotary[] rotaries(ConfigReader in, RopeReader rope) throws FileFormatException {
    double global = in.has("rope_theta") ? RopeReader.theta(in, "rope_theta", 0) : 1_000_000;
    double local = RopeReader.theta(in, "rope_local_base_freq", 10_000);
    ConfigReader both = in.section("rope_parameters");
    ConfigReader scaling = in.section("rope_scaling");
    ConfigReader full = both == null ? null : both.section("full_attention");
    ConfigReader sliding = both == null ? null : both.section("sliding_attention");
    return new Rotary[] {
      rope.of(scaling == null ? full : scaling, RopeReader.theta(full, global), 1),
      rope.of(sliding, local, 1)
    };
  }

  @Override
  public Gemma3ForCausalLM causalLm(DecoderConfig config, Init init) {
    return new Gemma3ForCausalLM(config, init);
  }

  /** Gemma3 with its output layer. */
  @ModuleTree(
      like = LlamaForCausalLM.class,
      value = {
        "model.layers.*.input_layernorm: dev.peft4j.transformers.PlusOneRmsNorm",
        "model.layers.*.post_attention_layernorm: dev.peft4j.transformers.PlusOneRmsNorm",
        "model.norm: dev.peft4j.transformers.PlusOneRmsNorm",
        "model.layers.*.self_attn.q_norm: dev.peft4j.transformers.PlusOneRmsNorm",
        "model.layers.*.self_attn.k_norm: dev.peft4j.transformers.PlusOneRmsNorm",
        "model.layers.*.pre_feedforward_layernorm: dev.peft4j.transformers.PlusOneRmsNorm",
        "model.layers.*.post_feedforward_layernorm: dev.peft4j.transformers.PlusOneRmsNorm"
      })
  public static class Gemma3ForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public Gemma3ForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public Gemma3ForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
