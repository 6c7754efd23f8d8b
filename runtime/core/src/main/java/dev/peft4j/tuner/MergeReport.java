package dev.peft4j.tuner;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.ModuleTensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The share of what adapters add to weights that is left after the sums were rounded to an
 * encoding.
 *
 * @param encoding what the merged weights are held in
 * @param survived the part that is left of what was added to each weight, by name: 1 if nothing is
 *     lost, near 0 if the weights are as before; the projection of the change onto what was added
 * @param share the same of all weights together; 1 if nothing was added
 */
public record MergeReport(Encoding encoding, SequencedMap<String, Double> survived, double share) {
  /** Creates a report. */
  public MergeReport {
    survived = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(survived));
  }

  /** Adds up what is left while weights are merged. */
  static final class Sum {
    private final Encoding encoding;
    private final SequencedMap<String, Double> survived = new LinkedHashMap<>();
    private double left;
    private double added;

    Sum(Encoding encoding) {
      this.encoding = encoding;
    }

    /** Compares a weight before and after; {@code exact} is what it should be. */
    void add(ModuleTensor weight, Storage exact, Storage held) {
      float[] before = weight.own().toFloats();
      float[] wanted = exact.toFloats();
      float[] after = held.toFloats();
      double product = 0;
      double square = 0;
      for (int i = 0; i < before.length; i++) {
        double delta = (double) wanted[i] - before[i];
        product += ((double) after[i] - before[i]) * delta;
        square += delta * delta;
      }
      if (square > 0) {
        survived.put(weight.name(), product / square);
        left += product;
        added += square;
      }
    }

    MergeReport report() {
      return new MergeReport(encoding, survived, added == 0 ? 1 : left / added);
    }
  }

  /** Returns one line that says it, with the weight that lost most. */
  @Override
  public String toString() {
    String worst = "";
    double least = Double.POSITIVE_INFINITY;
    for (Map.Entry<String, Double> e : survived.entrySet()) {
      if (e.getValue() < least) {
        least = e.getValue();
        worst = e.getKey();
      }
    }
    String all =
        String.format(
            Locale.ROOT, "%.1f %% of what the adapters add is left in %s", 100 * share, encoding);
    return survived.isEmpty()
        ? all
        : all + String.format(Locale.ROOT, " (least: %.1f %% of '%s')", 100 * least, worst);
  }
}
