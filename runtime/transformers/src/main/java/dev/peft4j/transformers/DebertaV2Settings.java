package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.io.FileFormatException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The settings that only DeBERTa-v2 has.
 *
 * @param relative whether attention depends on the distances of tokens
 * @param buckets the number of buckets of distances in one direction; 0 for one for each distance
 * @param largest the largest distance that is told apart
 * @param contentToPosition whether a query's content is compared with a key's distance
 * @param positionToContent whether a key's content is compared with a query's distance
 * @param sharedProjections whether distances are projected as tokens are
 * @param positions whether the embeddings have positions
 * @param normalised whether the embeddings of distances are normalised
 * @param kernel the size of the convolution after the first layer; 0 for none
 */
record DebertaV2Settings(
    boolean relative,
    int buckets,
    int largest,
    boolean contentToPosition,
    boolean positionToContent,
    boolean sharedProjections,
    boolean positions,
    boolean normalised,
    int kernel,
    Activation kernelActivation,
    double poolerDropout,
    Activation poolerActivation) {
  static final String KEY = "deberta-v2";

  private static final DebertaV2Settings DEFAULT =
      new DebertaV2Settings(
          false, 0, 512, false, false, false, true, false, 0, Activation.TANH, 0, Activation.GELU);

  static DebertaV2Settings of(EncoderConfig config) {
    return config.own(KEY, DEFAULT);
  }

  /** Returns the number of distances in one direction that are told apart. */
  int span() {
    return buckets > 0 ? buckets : largest;
  }

  /** Returns the number of terms in a score. */
  int terms() {
    return 1 + (contentToPosition ? 1 : 0) + (positionToContent ? 1 : 0);
  }

  /** Reads the settings. */
  static DebertaV2Settings read(ConfigReader in, EncoderConfig.Builder b)
      throws FileFormatException {
    int hidden = b.hiddenSize();
    requireEqual(in, "pooler_hidden_size", hidden, "hidden_size");
    requireEqual(
        in, "attention_head_size", hidden / b.heads(), "hidden_size / num_attention_heads");
    requireEqual(in, "conv_groups", 1, "the only number that is supported");
    int largest = in.wholeNumber("max_relative_positions", Integer.MIN_VALUE, -1);
    List<String> terms = words(in, "pos_att_type");
    DebertaV2Settings read =
        new DebertaV2Settings(
            in.flag("relative_attention", DEFAULT.relative),
            Math.max(0, in.wholeNumber("position_buckets", Integer.MIN_VALUE, -1)),
            largest < 1 ? b.maxPositions() : largest,
            terms.contains("c2p"),
            terms.contains("p2c"),
            in.flag("share_att_key", DEFAULT.sharedProjections),
            in.flag("position_biased_input", DEFAULT.positions),
            words(in, "norm_rel_ebd").contains("layer_norm"),
            Math.max(0, in.wholeNumber("conv_kernel_size", Integer.MIN_VALUE, 0)),
            EncoderKeys.activation(in, "conv_act", DEFAULT.kernelActivation),
            in.probability("pooler_dropout", DEFAULT.poolerDropout),
            EncoderKeys.activation(in, "pooler_hidden_act", DEFAULT.poolerActivation));
    if (read.relative && read.buckets > 0 && largest(read.buckets) >= read.largest) {
      throw in.wrong(
          "position_buckets",
          "-1 or from 2, with half of them below the largest distance ("
              + (read.largest - 1)
              + ")");
    }
    if (read.kernel > 0 && read.kernel % 2 == 0) {
      throw in.wrong("conv_kernel_size", "an odd number, or 0");
    }
    return read;
  }

  /** Returns one more than the smallest of the largest distances for which buckets are defined. */
  private static int largest(int buckets) {
    return buckets == 1 ? Integer.MAX_VALUE : buckets / 2 + 1;
  }

  private static void requireEqual(ConfigReader in, String key, int value, String what)
      throws FileFormatException {
    if (in.has(key) && in.wholeNumber(key, 1, value) != value) {
      throw in.wrong(key, value + ", " + what);
    }
  }

  /** Returns the words of a list, or of a text with bars between them. */
  private static List<String> words(ConfigReader in, String key) throws FileFormatException {
    List<String> words = new ArrayList<>();
    if (in.get(key).isArray()) {
      for (JsonNode word : in.get(key)) {
        words.add(word.asText());
      }
      return words;
    }
    String text = in.text(key);
    for (String word : text == null ? new String[0] : text.split("\\|")) {
      words.add(word.strip().toLowerCase(Locale.ROOT));
    }
    return words;
  }
}
