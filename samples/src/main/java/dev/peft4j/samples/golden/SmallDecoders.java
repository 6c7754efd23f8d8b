package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.ConfigReader;
import dev.peft4j.transformers.DecoderFamily;
import dev.peft4j.transformers.Init;
import dev.peft4j.transformers.ModelFamily;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The decoders of the cases that hold only weights. */
final class SmallDecoders {
  private static final String HEAD = "lm_head.weight";

  private SmallDecoders() {}

  static CausalLm of(String modelType) {
    ObjectNode c = new ObjectMapper().createObjectNode().put("model_type", modelType);
    if (modelType.equals("gpt2")) {
      c.put("n_embd", 32).put("n_layer", 2).put("n_head", 4).put("n_positions", 64);
      c.put("embd_pdrop", 0).put("attn_pdrop", 0).put("resid_pdrop", 0);
    } else {
      c.put("hidden_size", 32).put("intermediate_size", 64).put("num_hidden_layers", 2);
      c.put("num_attention_heads", 4).put("num_key_value_heads", 2);
      c.put("max_position_embeddings", 64).put("tie_word_embeddings", modelType.equals("qwen2"));
    }
    c.put("vocab_size", 96);
    DecoderFamily family = (DecoderFamily) ModelFamily.of(modelType);
    try {
      ConfigReader settings = new ConfigReader(c, Path.of("config.json"));
      return family.causalLm(family.decoderConfig(settings), Init.zeros());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Returns the name of the output layer's weight if it is the embedding's too: files that torch
   * writes have it twice. Null if it is not, or the model has none.
   */
  static @Nullable String tiedHead(Module model) {
    return model instanceof CausalLm lm && lm.config().tied() ? HEAD : null;
  }

  /** Returns parameters and buffers by name; one that several modules hold by each of its names. */
  static Map<String, ModuleTensor> state(Module model) {
    Map<String, ModuleTensor> state = new LinkedHashMap<>(model.stateDict());
    for (NamedModule m : model.namedModules()) {
      m.module()
          .ownParameters()
          .forEach((name, p) -> state.put(m.name().isEmpty() ? name : m.name() + "." + name, p));
    }
    return state;
  }
}
