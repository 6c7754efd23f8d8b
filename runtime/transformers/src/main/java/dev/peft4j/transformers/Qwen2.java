package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.nn.Rotary;

/** Qwen 2 and 2.5 (Yang et al. 2024): Llama with biases of queries, keys and values. */
@AutoService(ModelFamily.class)
public final class Qwen2 extends DecoderFamily {
  /** Creates the family. */
  public Qwen2() {
    super("qwen2", "Qwen2");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader in) throws FileFormatException {
    DecoderKeys keys = new DecoderKeys(in, modelType());
    keys.config().vocabSize(151936).intermediateSize(22016).kvHeads(32).maxPositions(32768);
    keys.style().projectionBias(true);
    return windowed(keys.sizes().normEps("rms_norm_eps"));
  }

  /** Reads which layers have a window, if any: those from {@code max_window_layers} on. */
  static DecoderConfig windowed(DecoderKeys keys) throws FileFormatException {
    ConfigReader in = keys.file();
    int given = keys.window(4096);
    int window = in.flag("use_sliding_window", false) ? given : 0;
    int first = in.wholeNumber("max_window_layers", 0, 28);
    boolean[] sliding = keys.sliding(i -> window > 0 && i >= first);
    Rotary rotary = keys.rope().read(10000, 1);
    return keys.layers(i -> new DecoderLayerStyle(rotary, sliding[i] ? window : 0)).build();
  }

  @Override
  public Qwen2ForCausalLM causalLm(DecoderConfig config, Init init) {
    return new Qwen2ForCausalLM(config, init);
  }

  /** Qwen2 with its output layer. */
  @ModuleTree(like = LlamaForCausalLM.class)
  public static class Qwen2ForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public Qwen2ForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public Qwen2ForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
