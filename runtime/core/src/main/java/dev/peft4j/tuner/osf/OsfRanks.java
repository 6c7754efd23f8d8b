package dev.peft4j.tuner.osf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.target.PatternKeys;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Effective ranks: 0 for half of the singular values, a number of them from 1, a share of them
 * below 1, and -1 for all, which is peft's share 1.0.
 */
final class OsfRanks {
  private static final double ALL = -1;

  private OsfRanks() {}

  /** Throws if a number is none of these. */
  static void require(String name, double rank) {
    boolean known = rank == ALL || rank >= 0 && (rank < 1 || rank == Math.rint(rank));
    if (!known || !Double.isFinite(rank)) {
      throw new IllegalArgumentException(
          name + " is " + rank + ", must be a whole number, a share below 1, or -1 for all");
    }
  }

  /** Returns the number of values that stay in a layer. */
  static int of(String path, OsfConfig c, int smaller) {
    double rank = c.effectiveRank();
    if (!c.rankPattern().isEmpty()) {
      String key = PatternKeys.anywhere(c.rankPattern().keySet()).first(path);
      rank = key == null ? rank : c.rankPattern().getOrDefault(key, rank);
    }
    int high =
        rank == ALL
            ? smaller
            : rank == 0 ? smaller / 2 : rank < 1 ? (int) (smaller * rank) : (int) rank;
    if (high < 1) {
      throw new IllegalArgumentException(
          "the effective rank of '" + path + "' would be 0 of " + smaller + ", must be at least 1");
    }
    return Math.min(high, smaller);
  }

  static double read(AdapterConfig file, String key, JsonNode value) throws IOException {
    if (value.isMissingNode() || value.isNull()) {
      return 0;
    }
    double rank = value.isNumber() ? value.doubleValue() : Double.NaN;
    boolean share = !value.isIntegralNumber() && rank > 0 && rank <= 1;
    if (!share && !(rank >= 1 && rank <= Integer.MAX_VALUE)) {
      throw file.wrong(key, value, "null, a whole number from 1, or a share from 0 to 1.0");
    }
    return share ? (rank == 1 ? ALL : rank) : Math.floor(rank);
  }

  static JsonNode write(double rank) {
    if (rank == 0) {
      return NullNode.instance;
    }
    return rank >= 1 ? IntNode.valueOf((int) rank) : DoubleNode.valueOf(rank == ALL ? 1 : rank);
  }

  static void readPattern(AdapterConfig file, OsfConfig.Builder b) throws IOException {
    JsonNode found = file.get("rank_pattern");
    if (found.isMissingNode() || found.isNull()) {
      return;
    }
    if (!found.isObject()) {
      throw file.wrong("rank_pattern", found, "an object of numbers by module name");
    }
    List<String> keys = new ArrayList<>();
    for (Map.Entry<String, JsonNode> e : found.properties()) {
      keys.add(e.getKey());
      b.rankPattern(e.getKey(), read(file, "rank_pattern[" + e.getKey() + "]", e.getValue()));
    }
    file.expressions("rank_pattern", () -> PatternKeys.anywhere(keys));
  }

  static JsonNode writePattern(SequencedMap<String, Double> ranks) {
    if (ranks.isEmpty()) {
      return NullNode.instance;
    }
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    ranks.forEach((key, rank) -> tree.set(key, write(rank)));
    return tree;
  }
}
