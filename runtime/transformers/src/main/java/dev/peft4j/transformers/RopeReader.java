package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.nn.Rotary;
import org.jspecify.annotations.Nullable;

/**
 * A reader of rotary embeddings from a {@code config.json}, in both spellings: {@code
 * rope_parameters} of transformers 5, and {@code rope_theta}, {@code rope_scaling} and {@code
 * partial_rotary_factor} of older releases.
 */
final class RopeReader {
  private static final String KINDS = "default, linear, dynamic, llama3, yarn, longrope";

  private final ConfigReader in;
  private final int headDim;
  private final int maxPositions;

  /** The key of the positions of the first training, if the family has it beside the rope. */
  private @Nullable Integer originalPositions;

  private boolean longropeOnly;

  RopeReader(ConfigReader in, int headDim, int maxPositions) {
    this.in = in;
    this.headDim = headDim;
    this.maxPositions = maxPositions;
  }

  /** Gives the positions of the first training, which have priority over those in the rope. */
  RopeReader originalPositions(int value) {
    this.originalPositions = value;
    return this;
  }

  /** Reads any kind but the default as longrope, as Phi-3's files mean it. */
  RopeReader longropeOnly() {
    this.longropeOnly = true;
    return this;
  }

  /**
   * Reads the one rotary embedding of a model.
   *
   * @param theta the base if the file has none
   * @param partial the rotated part of a head if the file has none
   */
  Rotary read(double theta, double partial) throws FileFormatException {
    double ownTheta = positive(in, "rope_theta", theta);
    double ownPart = part(in, partial);
    ConfigReader rope = in.section("rope_scaling");
    ConfigReader parameters = in.section("rope_parameters");
    return of(rope == null ? parameters : rope, ownTheta, ownPart);
  }

  /**
   * Reads a rotary embedding from its object.
   *
   * @param rope null for the default kind
   */
  Rotary of(@Nullable ConfigReader rope, double theta, double partial) throws FileFormatException {
    if (rope == null) {
      return base(in, theta, partial);
    }
    Rotary base = base(rope, positive(rope, "rope_theta", theta), part(rope, partial));
    String old = rope.text("type");
    String name = rope.text("rope_type");
    String key = name == null && old != null ? "type" : "rope_type";
    String kind = name != null ? name : old != null ? old : "default";
    if (longropeOnly && (kind.equals("su") || kind.equals("yarn"))) {
      kind = "longrope";
    }
    return switch (kind) {
      case "default" -> base;
      case "linear" -> base.linear(factor(rope));
      case "dynamic" -> dynamic(rope, base);
      case "llama3" -> llama3(rope, base);
      case "yarn" -> yarn(rope, base);
      case "longrope" -> longrope(rope, base);
      default -> throw rope.wrong(key, "one of " + KINDS);
    };
  }

  private Rotary base(ConfigReader at, double theta, double partial) throws FileFormatException {
    int dims = (int) (headDim * partial);
    if (dims < 2 || dims % 2 != 0) {
      throw at.error(
          "a rotary embedding of "
              + dims
              + " of the "
              + headDim
              + " numbers of a head (partial_rotary_factor "
              + partial
              + "), needed an even number from 2");
    }
    return Rotary.of(dims, theta);
  }

  private Rotary dynamic(ConfigReader rope, Rotary base) throws FileFormatException {
    original(rope);
    return base.dynamic(factor(rope), maxPositions);
  }

  private Rotary llama3(ConfigReader rope, Rotary base) throws FileFormatException {
    double low = positive(rope, "low_freq_factor", 0);
    double high = positive(rope, "high_freq_factor", 0);
    if (!(low > 0 && high > low)) {
      throw rope.wrong("high_freq_factor", "a number above low_freq_factor, which is above 0");
    }
    return base.llama3(factor(rope), low, high, original(rope));
  }

  private Rotary yarn(ConfigReader rope, Rotary base) throws FileFormatException {
    int positions = original(rope);
    double factor = rope.has("factor") ? factor(rope) : (double) maxPositions / original(rope);
    double mscale = atLeastZero(rope, "mscale");
    double all = atLeastZero(rope, "mscale_all_dim");
    double scale =
        mscale > 0 && all > 0
            ? Rotary.yarnScale(factor, mscale) / Rotary.yarnScale(factor, all)
            : Rotary.yarnScale(factor, 1);
    double fast = atLeastZero(rope, "beta_fast");
    double slow = atLeastZero(rope, "beta_slow");
    return base.yarn(
        factor,
        positions,
        fast == 0 ? 32 : fast,
        slow == 0 ? 1 : slow,
        rope.flag("truncate", true),
        positive(rope, "attention_factor", scale));
  }

  private Rotary longrope(ConfigReader rope, Rotary base) throws FileFormatException {
    int positions = original(rope);
    double factor = rope.has("factor") ? factor(rope) : (double) maxPositions / positions;
    double scale = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(positions));
    return base.longrope(
        factors(rope, "short_factor", base.dims() / 2),
        factors(rope, "long_factor", base.dims() / 2),
        positions,
        positive(rope, "attention_factor", scale));
  }

  private static float[] factors(ConfigReader rope, String key, int count)
      throws FileFormatException {
    JsonNode list = rope.get(key);
    float[] out = new float[list.size()];
    boolean fits = list.isArray() && list.size() == count;
    for (int i = 0; fits && i < count; i++) {
      out[i] = (float) list.get(i).asDouble();
      fits = list.get(i).isNumber() && out[i] > 0;
    }
    if (!fits) {
      throw rope.wrong(key, "a list of " + count + " numbers above 0, one for each pair");
    }
    return out;
  }

  private int original(ConfigReader rope) throws FileFormatException {
    int inside =
        rope.has("original_max_position_embeddings")
            ? rope.wholeNumber("original_max_position_embeddings", 1, maxPositions)
            : maxPositions;
    return originalPositions == null ? inside : originalPositions;
  }

  private static double factor(ConfigReader rope) throws FileFormatException {
    if (!rope.has("factor")) {
      throw rope.wrong("factor", "a number above 0");
    }
    return positive(rope, "factor", 0);
  }

  private static double part(ConfigReader at, double missing) throws FileFormatException {
    return at.has("partial_rotary_factor")
        ? at.number(
            "partial_rotary_factor", missing, "a number above 0, up to 1", v -> v > 0 && v <= 1)
        : missing;
  }

  /** Returns the base at a key, or {@code missing}. */
  static double theta(ConfigReader in, String key, double missing) throws FileFormatException {
    return positive(in, key, missing);
  }

  /** Returns the base in a rope's object, or {@code missing}. */
  static double theta(@Nullable ConfigReader rope, double missing) throws FileFormatException {
    return rope == null ? missing : positive(rope, "rope_theta", missing);
  }

  private static double positive(ConfigReader at, String key, double missing)
      throws FileFormatException {
    return at.has(key) ? at.number(key, missing, "a number above 0", v -> v > 0) : missing;
  }

  private static double atLeastZero(ConfigReader at, String key) throws FileFormatException {
    return at.has(key) ? at.number(key, 0, "a number from 0", v -> v >= 0) : 0;
  }
}
