package dev.peft4j.generate;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** A number added to the score of the last token of a sequence where the others stand before it. */
@AutoService(LogitsProcessorKind.class)
public final class SequenceBias extends LogitsProcessorKind {
  /**
   * A sequence of tokens, and what is added to the score of the last one.
   *
   * @param ids one token or more
   * @param bias may be minus infinity
   */
  public record Bias(List<Integer> ids, double bias) {
    /** Copies the tokens. */
    public Bias {
      ids = List.copyOf(ids);
    }

    static @Nullable Bias read(JsonNode json) {
      List<Integer> ids = json.size() == 2 ? Setting.list(json.get(0), Setting::wholeNumber) : null;
      return ids == null || !json.get(1).isNumber()
          ? null
          : new Bias(ids, json.get(1).doubleValue());
    }
  }

  /** The sequences; the last of equal ones counts. */
  public static final Setting<List<Bias>> SEQUENCE_BIAS =
      new Setting<>(
          "sequence_bias",
          null,
          "a list of pairs: token ids and a number",
          all -> !all.isEmpty() && all.stream().allMatch(b -> Setting.isSequence(b.ids())),
          json -> Setting.list(json, Bias::read));

  /** Describes the kind. */
  public SequenceBias() {
    super(10, false, SEQUENCE_BIAS);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    List<Bias> biases = config.find(SEQUENCE_BIAS);
    if (biases == null) {
      return null;
    }
    SequencedMap<List<Integer>, Float> last = new LinkedHashMap<>();
    biases.forEach(b -> last.put(b.ids(), (float) b.bias()));
    return of("sequence_bias", last);
  }

  /** Returns the processor that adds a bias for each of the sequences. */
  static LogitsProcessor of(String setting, SequencedMap<List<Integer>, Float> biases) {
    int[][] sequences =
        biases.keySet().stream()
            .map(ids -> ids.stream().mapToInt(i -> i).toArray())
            .toArray(int[][]::new);
    float[] bias = new float[sequences.length];
    int k = 0;
    for (float b : biases.values()) {
      bias[k++] = b;
    }
    return (scores, history) -> {
      float[] sum = new float[scores.length];
      for (int i = 0; i < sequences.length; i++) {
        requireKnown(setting, sequences[i], scores.length);
        if (history.endsWithAllBut(sequences[i])) {
          sum[sequences[i][sequences[i].length - 1]] += bias[i];
        }
      }
      for (int i = 0; i < sum.length; i++) {
        scores[i] += sum[i];
      }
    };
  }

  private static void requireKnown(String setting, int[] ids, int vocabulary) {
    for (int id : ids) {
      if (id >= vocabulary) {
        throw new IllegalArgumentException(
            setting + ": token " + id + " is not in the vocabulary of " + vocabulary + " tokens");
      }
    }
  }
}
