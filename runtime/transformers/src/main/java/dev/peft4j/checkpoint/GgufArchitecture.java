package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.FileFormatException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A {@code general.architecture} of GGUF: how its metadata becomes the content of a {@code
 * config.json}, and what its tensors are called and how they are changed. A further one is one file
 * ({@code @AutoService(GgufArchitecture.class)}).
 */
public abstract class GgufArchitecture {
  /** The change of a weight of Hugging Face's on the way into a file. */
  public enum Change {
    /** Nothing. */
    NONE,
    /** Rows of queries: the halves of each head become pairs, for llama.cpp's rotary embedding. */
    QUERY_ROWS,
    /** The same with rows of keys. */
    KEY_ROWS,
    /** 1 is added: the file has the factors themselves. */
    PLUS_ONE,
    /** Rows and columns are exchanged. */
    TRANSPOSED
  }

  private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,6})\\.(.+)");

  private final String name;
  private final String modelType;
  private final String layers;
  private final Map<String, String> ofTop = new LinkedHashMap<>();
  private final Map<String, String> ofLayer = new LinkedHashMap<>();

  /**
   * Creates an architecture whose layers have Llama's names.
   *
   * @param name its name in files
   * @param modelType Hugging Face's {@code model_type}
   */
  protected GgufArchitecture(String name, String modelType) {
    this(name, modelType, "model.layers.");
    top("token_embd", "model.embed_tokens")
        .top("output_norm", "model.norm")
        .top("output", "lm_head");
    layer("attn_norm", "input_layernorm").layer("ffn_norm", "post_attention_layernorm");
    layer("attn_q", "self_attn.q_proj").layer("attn_k", "self_attn.k_proj");
    layer("attn_v", "self_attn.v_proj").layer("attn_output", "self_attn.o_proj");
    layer("ffn_gate", "mlp.gate_proj").layer("ffn_up", "mlp.up_proj");
    layer("ffn_down", "mlp.down_proj");
  }

  /**
   * Creates an architecture without names.
   *
   * @param layers what the names of layers' weights begin with, before the number
   */
  protected GgufArchitecture(String name, String modelType, String layers) {
    this.name = name;
    this.modelType = modelType;
    this.layers = layers;
  }

  /** Gives a module outside of the layers its name in files. */
  protected final GgufArchitecture top(String gguf, String module) {
    ofTop.put(gguf, module);
    return this;
  }

  /** Gives a module of each layer its name in files. */
  protected final GgufArchitecture layer(String gguf, String module) {
    ofLayer.put(gguf, module);
    return this;
  }

  /** Takes a module of each layer away. */
  protected final GgufArchitecture without(String gguf) {
    ofLayer.remove(gguf);
    return this;
  }

  /** Returns its name in files. */
  public final String name() {
    return name;
  }

  /** Returns Hugging Face's {@code model_type}. */
  public final String modelType() {
    return modelType;
  }

  /**
   * Writes settings into a {@code config.json}; those that all have are there already.
   *
   * @throws FileFormatException if the file has something that is not supported
   */
  public abstract void settings(GgufSettings in, ObjectNode out) throws FileFormatException;

  /** Returns tensors that are settings, not weights; regular expressions. */
  public List<String> settingTensors() {
    return List.of();
  }

  /** Returns what is done to a weight of that module on the way into a file. */
  public Change change(String module, String leaf) {
    return Change.NONE;
  }

  /** Returns the name that a tensor's weight has in Hugging Face's model, or null for none. */
  public final @Nullable String nameOf(String tensor) {
    int dot = tensor.lastIndexOf('.');
    if (dot < 0) {
      return null;
    }
    String stem = tensor.substring(0, dot);
    String leaf = tensor.substring(dot);
    Matcher m = LAYER.matcher(stem);
    if (m.matches()) {
      String module = ofLayer.get(m.group(2));
      return module == null ? null : layers + m.group(1) + "." + module + leaf;
    }
    String module = ofTop.get(stem);
    return module == null ? null : module + leaf;
  }

  /**
   * Returns the tensor's name, without its end, of a module of Hugging Face's, or null for none.
   */
  public final @Nullable String tensorOf(String module) {
    for (Map.Entry<String, String> e : ofTop.entrySet()) {
      if (e.getValue().equals(module)) {
        return e.getKey();
      }
    }
    if (!module.startsWith(layers)) {
      return null;
    }
    int dot = module.indexOf('.', layers.length());
    String number = dot < 0 ? "" : module.substring(layers.length(), dot);
    if (!number.matches("\\d{1,6}")) {
      return null;
    }
    String rest = module.substring(dot + 1);
    for (Map.Entry<String, String> e : ofLayer.entrySet()) {
      if (e.getValue().equals(rest)) {
        return "blk." + number + "." + e.getKey();
      }
    }
    return null;
  }

  /** Returns all that are available. */
  public static List<GgufArchitecture> all() {
    return ServiceLoader.load(GgufArchitecture.class, GgufArchitecture.class.getClassLoader())
        .stream()
        .map(ServiceLoader.Provider::get)
        .sorted(java.util.Comparator.comparing(GgufArchitecture::name))
        .toList();
  }

  /** Returns the one of that name in files, or null. */
  public static @Nullable GgufArchitecture named(String name) {
    for (GgufArchitecture a : all()) {
      if (a.name.equals(name)) {
        return a;
      }
    }
    return null;
  }

  /** Returns the one of a {@code model_type}, or null; Mistral's models are {@code llama}. */
  public static @Nullable GgufArchitecture ofModelType(String type) {
    for (GgufArchitecture a : all()) {
      if (a.modelType.equals(type.equals("mistral") ? "llama" : type)) {
        return a;
      }
    }
    return null;
  }
}
