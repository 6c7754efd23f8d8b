package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.nn.Rotary;

/** SmolLM 3 (Bakouch et al. 2025): Llama with a rotary embedding in three of four layers only. */
@AutoService(ModelFamily.class)
public final class SmolLm3 extends DecoderFamily {
  /** Creates the family. */
  public SmolLm3() {
    super("smollm3", "SmolLM3");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException {
    DecoderKeys keys = new DecoderKeys(in, modelType());
    keys.config().vocabSize(128256).hiddenSize(2048).layers(36).heads(16).kvHeads(4);
    keys.config().maxPositions(32768).tied(true);
    keys.sizes().normEps("rms_norm_eps");
    boolean bias = in.flag("attention_bias", false);
    keys.style().projectionBias(bias).outputBias(bias).mlpBias(in.flag("mlp_bias", false));
    keys.ignore("max_window_layers");
    boolean[] rotates = rotates(keys);
    int given = keys.window(0);
    int window = in.flag("use_sliding_window", false) ? given : 0;
    boolean[] sliding = keys.sliding(i -> window > 0 && !rotates[i]);
    Rotary rotary = keys.rope().read(2_000_000, 1);
    return keys.layers(
            i -> new DecoderLayerStyle(rotates[i] ? rotary : null, sliding[i] ? window : 0))
        .build();
  }

  /** Returns which layers have a rotary embedding. */
  private static boolean[] rotates(DecoderKeys keys) throws FileFormatException {
    ConfigReader in = keys.file();
    int interval = in.wholeNumber("no_rope_layer_interval", 1, 4);
    boolean[] out = new boolean[keys.config().layers];
    JsonNode list = in.get("no_rope_layers");
    boolean given = in.has("no_rope_layers");
    for (int i = 0; i < out.length; i++) {
      out[i] = given ? list.path(i).asInt(-1) != 0 : (i + 1) % interval != 0;
      if (given && !list.path(i).isInt() || given && list.size() != out.length) {
        throw in.wrong("no_rope_layers", "0 or 1 for each of " + out.length + " layers");
      }
    }
    return out;
  }

  @Override
  public SmolLM3ForCausalLM causalLm(DecoderConfig config, Init init) {
    return new SmolLM3ForCausalLM(config, init);
  }

  /** SmolLm3 with its output layer. */
  @ModuleTree(like = LlamaForCausalLM.class)
  public static class SmolLM3ForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public SmolLM3ForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public SmolLM3ForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
