package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The merges of a SentencePiece BPE, which has only scores: a token may come of any two tokens that
 * it is made of, the best token first.
 *
 * @param tokens by their ids
 * @param types of the tokens
 * @param ids by tokens
 * @param scores of the tokens
 */
record ScoredMerges(List<String> tokens, int[] types, Map<String, Integer> ids, double[] scores) {
  private static final int NORMAL = 1;

  private record Merge(String left, String right, double score, int leftLength) {}

  void write(ArrayNode out) {
    boolean differ = false;
    for (double s : scores) {
      differ |= s != scores[0];
    }
    if (!differ && scores.length > 0 && scores[0] <= -1000) {
      return;
    }
    List<Merge> all = new ArrayList<>();
    for (int i = 0; i < tokens.size(); i++) {
      if (types[i] <= NORMAL) {
        split(tokens.get(i), scores[i], all);
      }
    }
    // transformers' order: the best score, then the longest left part
    all.sort(
        Comparator.comparingDouble(Merge::score).thenComparingInt(Merge::leftLength).reversed());
    for (Merge m : all) {
      out.addArray().add(m.left).add(m.right);
    }
  }

  private void split(String token, double score, List<Merge> to) {
    int at = token.offsetByCodePoints(0, token.isEmpty() ? 0 : 1);
    for (int length = 1; at < token.length(); length++) {
      String left = token.substring(0, at);
      String right = token.substring(at);
      if (isPart(left) && isPart(right)) {
        to.add(new Merge(left, right, score, length));
      }
      at = token.offsetByCodePoints(at, 1);
    }
  }

  private boolean isPart(String s) {
    Integer id = ids.get(s);
    return id != null && types[id] <= NORMAL;
  }
}
