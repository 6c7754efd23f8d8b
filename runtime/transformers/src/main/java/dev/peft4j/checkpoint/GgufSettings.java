package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.gguf.GgufMetadata;
import dev.peft4j.gguf.GgufValue;
import dev.peft4j.gguf.GgufValueType;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.Quote;
import dev.peft4j.log.Log;
import org.jspecify.annotations.Nullable;

/** The metadata of a model, by the names under its architecture, and what the tensors tell. */
public final class GgufSettings {
  private static final Log LOG = Log.of(GgufSettings.class);

  private final GgufFile file;
  private final String architecture;

  GgufSettings(GgufFile file, String architecture) {
    this.file = file;
    this.architecture = architecture;
  }

  private String key(String name) {
    return architecture + "." + name;
  }

  private GgufMetadata metadata() {
    return file.metadata();
  }

  /** Returns whether there is a value. */
  public boolean has(String name) {
    return metadata().contains(key(name));
  }

  /** Returns whether there is a tensor. */
  public boolean hasTensor(String name) {
    return file.contains(name);
  }

  /** Returns the numbers of a tensor. */
  public float[] tensor(String name) throws FileFormatException {
    return file.storage(name).toFloats();
  }

  /** Returns the size of a tensor along a dimension. */
  public int dim(String tensor, int i) throws FileFormatException {
    return file.shape(tensor).dim(i);
  }

  /**
   * Returns a size: a whole number from 1 on; of an array with one for each layer that number, if
   * all are the same.
   */
  public int size(String name) throws FileFormatException {
    GgufValue v = metadata().get(key(name));
    if (v != null && v.type() == GgufValueType.ARRAY) {
      double[] all = metadata().numbers(key(name));
      for (double each : all) {
        if (each != all[0]) {
          throw problem(name, "differs between layers, which is not supported");
        }
      }
      if (all.length > 0 && all[0] >= 1 && all[0] <= Integer.MAX_VALUE) {
        return (int) all[0];
      }
    }
    long n = metadata().integer(key(name));
    if (n < 1 || n > Integer.MAX_VALUE) {
      throw problem(name, "is " + n + ", expected a whole number from 1");
    }
    return (int) n;
  }

  /** Returns a size, or {@code absent} if there is none; see {@link #size(String)}. */
  public int size(String name, int absent) throws FileFormatException {
    return has(name) ? size(name) : absent;
  }

  /**
   * Returns a finite number: of single precision the shortest decimal number that it stands for, so
   * that 9.99999997e-7 is 1e-6 again.
   */
  public double number(String name) throws FileFormatException {
    double v = metadata().number(key(name));
    GgufValue value = metadata().get(key(name));
    if (!Double.isFinite(v)) {
      throw problem(name, "is " + v + ", expected a finite number");
    }
    return value != null && value.type() == GgufValueType.FLOAT32
        ? Double.parseDouble(Float.toString((float) v))
        : v;
  }

  /** Returns a number, or {@code absent} if there is none; see {@link #number(String)}. */
  public double number(String name, double absent) throws FileFormatException {
    return has(name) ? number(name) : absent;
  }

  /** Returns a truth value, or {@code absent} if there is none. */
  public boolean flag(String name, boolean absent) throws FileFormatException {
    return metadata().bool(key(name), absent);
  }

  /** Returns a text, or null if there is none. */
  public @Nullable String text(String name) throws FileFormatException {
    return has(name) ? metadata().string(key(name)) : null;
  }

  /** Copies a number to a setting, if the file has it. */
  public void copy(String name, ObjectNode out, String setting) throws FileFormatException {
    GgufValue v = metadata().get(key(name));
    if (v != null && v.value() instanceof Long whole) {
      out.put(setting, whole);
    } else if (v != null) {
      out.put(setting, number(name));
    }
  }

  /** Writes whether layers have biases, by the first one's tensors. */
  public void bias(String tensor, ObjectNode out, String setting) {
    out.put(setting, hasTensor("blk.0." + tensor + ".bias"));
  }

  /** Says that a setting is not in the file, and what is taken. */
  public void lost(String what, Object taken) {
    LOG.warn("{}: GGUF does not hold {}; taken: {}", file.file(), what, taken);
  }

  /**
   * Writes the settings of the rotary embedding: its base, and how it is stretched.
   *
   * @param absent the base if the file has none
   */
  public void rope(ObjectNode out, double absent) throws FileFormatException {
    out.put("rope_theta", number("rope.freq_base", absent));
    ObjectNode scaling = scaling();
    if (scaling != null) {
      out.set("rope_scaling", scaling);
    }
  }

  /** Returns how the rotary embedding is stretched, or null if it is not. */
  public @Nullable ObjectNode scaling() throws FileFormatException {
    if (hasTensor("rope_freqs.weight")) { // divisors of the frequencies, Llama 3's for example
      ObjectNode out = divisors("rope_freqs.weight", "rope_freqs.weight");
      out.put("original_max_position_embeddings", size("context_length"));
      return out.put("attention_factor", 1);
    }
    String type = text("rope.scaling.type");
    if (type == null && has("rope.scale_linear")) { // older files
      type = "linear";
    }
    if (type == null || type.equals("none")) {
      return null;
    }
    ObjectNode out = JsonNodeFactory.instance.objectNode().put("rope_type", type);
    switch (type) {
      case "linear" -> {
        String name = has("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear";
        double factor = number(name);
        return factor == 0 || factor == 1 ? null : out.put("factor", factor);
      }
      case "yarn" -> {
        out.put("factor", number("rope.scaling.factor"));
        String original = "rope.scaling.original_context_length";
        if (has(original)) {
          out.put("original_max_position_embeddings", size(original));
        }
        copy("rope.scaling.yarn_beta_fast", out, "beta_fast");
        copy("rope.scaling.yarn_beta_slow", out, "beta_slow");
        if (has("rope.scaling.attn_factor")) { // beside what llama.cpp computes itself
          double usual = 1 + 0.1 * Math.log(number("rope.scaling.factor"));
          out.put("attention_factor", number("rope.scaling.attn_factor") * usual);
        }
        return out;
      }
      case "longrope" -> {
        ObjectNode both = divisors("rope_factors_short.weight", "rope_factors_long.weight");
        copy("rope.scaling.attn_factor", both, "attention_factor");
        return both;
      }
      default ->
          throw problem(
              "rope.scaling.type",
              "is " + Quote.text(type) + ", expected none, linear, yarn or longrope");
    }
  }

  /** Returns a stretching by tensors of divisors, which Hugging Face calls longrope. */
  public ObjectNode divisors(String shorter, String longer) throws FileFormatException {
    ObjectNode out = JsonNodeFactory.instance.objectNode().put("rope_type", "longrope");
    out.set("short_factor", list(tensor(shorter)));
    out.set("long_factor", list(tensor(longer)));
    return out;
  }

  private static ArrayNode list(float[] x) {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    for (float v : x) {
      list.add(Double.parseDouble(Float.toString(v)));
    }
    return list;
  }

  /** Returns an error about a value. */
  public FileFormatException problem(String name, String problem) {
    return new FileFormatException(
        file.file(), "the metadata entry " + Quote.text(key(name)) + " " + problem);
  }
}
