package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.gguf.GgufValue;
import dev.peft4j.gguf.GgufWriter;
import dev.peft4j.io.FileFormatException;
import java.nio.file.Path;

/** Writes the settings of a rotary embedding into a GGUF file. */
final class GgufRope {
  private final Path file;
  private final JsonNode config;
  private final String prefix;
  private final GgufWriter out;

  GgufRope(Path file, JsonNode config, String prefix, GgufWriter out) {
    this.file = file;
    this.config = config;
    this.prefix = prefix;
    this.out = out;
  }

  /** The one object that newer files have, made of the keys of older ones where it is missing. */
  private ObjectNode rope(String layers) {
    JsonNode own = config.path("rope_parameters");
    own = own.has(layers) ? own.path(layers) : own;
    ObjectNode rope = JsonNodeFactory.instance.objectNode();
    if (config.path("rope_scaling") instanceof ObjectNode old) {
      rope.setAll(old);
    }
    if (own instanceof ObjectNode newer) {
      rope.setAll(newer);
    }
    for (String key : new String[] {"rope_theta", "partial_rotary_factor"}) {
      if (!rope.has(key) && config.path(key).isNumber()) {
        rope.set(key, config.path(key));
      }
    }
    return rope;
  }

  /**
   * Writes base and stretching.
   *
   * @param theta the family's base where the file has none
   */
  void write(DecoderConfig c, double theta) throws FileFormatException {
    ObjectNode rope = rope("full_attention");
    double base = rope.path("rope_theta").asDouble(theta);
    out.put(prefix + "rope.freq_base", GgufValue.float32((float) base));
    if (c.modelType().equals("gemma3_text")) {
      double local = rope("sliding_attention").path("rope_theta").asDouble(10_000);
      local = config.path("rope_local_base_freq").asDouble(local);
      out.put(prefix + "rope.freq_base_swa", GgufValue.float32((float) local));
    }
    double part =
        rope.path("partial_rotary_factor").asDouble(c.modelType().equals("stablelm") ? 0.25 : 1);
    out.put(prefix + "rope.dimension_count", GgufValue.uint32((int) (part * c.headDim())));
    String kind = rope.path("rope_type").asText(rope.path("type").asText("default"));
    switch (kind) {
      case "default" -> {}
      case "linear" -> scaling("linear", rope);
      case "yarn" -> {
        if (!rope.path("truncate").asBoolean(true)) {
          throw new FileFormatException(
              file,
              "has a rotary embedding of the kind yarn that is not truncated, which GGUF"
                  + " does not hold");
        }
        scaling("yarn", rope);
        int first = rope.path("original_max_position_embeddings").asInt(c.maxPositions());
        out.put(prefix + "rope.scaling.original_context_length", GgufValue.uint32(first));
        number(rope, "beta_fast", "rope.scaling.yarn_beta_fast");
        number(rope, "beta_slow", "rope.scaling.yarn_beta_slow");
        double usual = 1 + 0.1 * Math.log(rope.path("factor").asDouble(1));
        double own = scale(c);
        if (Math.abs(own / usual - 1) > 1e-6) { // llama.cpp multiplies its own
          out.put(prefix + "rope.scaling.attn_factor", GgufValue.float32((float) (own / usual)));
        }
      }
      case "llama3" -> llama3(c, rope, base);
      case "longrope", "su" -> longrope(c, rope);
      default ->
          throw new FileFormatException(
              file, "has a rotary embedding of the kind " + kind + ", which GGUF does not hold");
    }
  }

  private static double scale(DecoderConfig c) {
    for (DecoderLayerStyle l : c.style().layers()) {
      if (l.rotary() != null) {
        return l.rotary().scale();
      }
    }
    return 1;
  }

  private void scaling(String type, ObjectNode rope) {
    out.put(prefix + "rope.scaling.type", GgufValue.of(type));
    number(rope, "factor", "rope.scaling.factor");
  }

  private void number(ObjectNode rope, String key, String name) {
    if (rope.path(key).isNumber()) {
      out.put(prefix + name, GgufValue.float32((float) rope.path(key).asDouble()));
    }
  }

  /** The divisors of the frequencies, as llama.cpp's converter computes them. */
  private void llama3(DecoderConfig c, ObjectNode rope, double base) {
    double factor = rope.path("factor").asDouble();
    double low = rope.path("low_freq_factor").asDouble();
    double high = rope.path("high_freq_factor").asDouble();
    double first = rope.path("original_max_position_embeddings").asDouble();
    float[] divisors = new float[c.headDim() / 2];
    for (int i = 0; i < divisors.length; i++) {
      double wave = 2 * Math.PI * Math.pow(base, 2.0 * i / c.headDim());
      double smooth = (first / wave - low) / (high - low);
      double between = 1 / ((1 - smooth) / factor + smooth);
      divisors[i] = (float) (wave < first / high ? 1 : wave > first / low ? factor : between);
    }
    out.tensor("rope_freqs.weight", Shape.of(divisors.length), Storage.of(divisors));
  }

  private void longrope(DecoderConfig c, ObjectNode rope) {
    int first =
        config
            .path("original_max_position_embeddings")
            .asInt(rope.path("original_max_position_embeddings").asInt(c.maxPositions()));
    out.put(prefix + "rope.scaling.original_context_length", GgufValue.uint32(first));
    double stretch = (double) c.maxPositions() / first;
    double scale = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(first));
    scale = rope.path("attention_factor").asDouble(scale);
    out.put(prefix + "rope.scaling.attn_factor", GgufValue.float32((float) scale));
    for (String length : new String[] {"long", "short"}) {
      JsonNode list = rope.path(length + "_factor");
      float[] factors = new float[list.size()];
      for (int i = 0; i < factors.length; i++) {
        factors[i] = (float) list.get(i).asDouble();
      }
      String name = "rope_factors_" + length + ".weight";
      out.tensor(name, Shape.of(factors.length), Storage.of(factors));
    }
  }
}
