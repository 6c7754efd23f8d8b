package dev.peft4j.target;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Suggestions ("Did you mean") of names for one that does not exist. They take into account that a
 * target is usually the end of a path, and that Java's names ({@code qProj}) differ from those of
 * checkpoints ({@code q_proj}).
 */
public final class Suggestions {
  private static final int MAX = 3;
  private static final int CONTAINED = 100;
  private static final int WORDS_IN_COMMON = 200;
  private static final int NOT_ALIKE = Integer.MAX_VALUE;

  private Suggestions() {}

  /**
   * Returns the most likely names.
   *
   * @param wanted what was written, such as {@code qProj} or {@code atn.q_proj}
   * @param paths the existing paths, such as {@code layers.0.attn.q_proj}
   * @return at most three paths or ends of paths, the most likely first; each names at least one of
   *     the paths. Empty if none is similar
   */
  public static List<String> closest(String wanted, Collection<String> paths) {
    Map<String, Integer> scores = new LinkedHashMap<>();
    for (String path : paths) {
      for (String name : endsOf(path, segments(wanted))) {
        int score = score(wanted, name);
        if (score != NOT_ALIKE) {
          scores.merge(name, score, Math::min);
        }
      }
    }
    var ranked =
        scores.entrySet().stream()
            .sorted(Comparator.comparing(Map.Entry<String, Integer>::getValue))
            .limit(MAX)
            .toList();
    if (ranked.isEmpty()) {
      return List.of();
    }
    // who is a slip of the pen away leaves no room for others
    int best = ranked.get(0).getValue();
    return ranked.stream()
        .filter(e -> e.getValue() == best || best >= CONTAINED)
        .map(Map.Entry::getKey)
        .toList();
  }

  /**
   * Returns the sentence for a message.
   *
   * @param wanted what was written
   * @param paths the existing paths
   * @return {@code Did you mean "a" or "b"?}, or nothing
   */
  public static String didYouMean(String wanted, Collection<String> paths) {
    List<String> names = closest(wanted, paths);
    return names.isEmpty()
        ? ""
        : names.stream()
            .map(n -> '"' + n + '"')
            .collect(Collectors.joining(" or ", "Did you mean ", "?"));
  }

  /** The end of as many segments as were written, and the last segment alone. */
  private static List<String> endsOf(String path, int segments) {
    List<String> ends = new ArrayList<>();
    int start = path.length();
    for (int n = 1; start > 0; n++) {
      start = path.lastIndexOf('.', start - 1);
      if (n == 1 || n == segments) {
        ends.add(path.substring(start + 1));
      }
      if (start < 0) {
        break;
      }
    }
    return ends;
  }

  private static int segments(String name) {
    return 1 + (int) name.chars().filter(c -> c == '.').count();
  }

  /** 0: the same but for the way of writing; then edits; words in common last. */
  private static int score(String wanted, String name) {
    String a = plain(wanted);
    String b = plain(name);
    if (a.equals(b)) {
      return 0;
    }
    int distance = distance(a, b);
    int allowed = Math.max(1, Math.min(a.length(), b.length()) / 3);
    if (distance <= allowed) {
      return distance;
    }
    if (a.length() >= 3 && b.length() >= 3 && (a.contains(b) || b.contains(a))) {
      return CONTAINED + distance;
    }
    List<String> words = words(wanted);
    words.retainAll(words(name));
    return words.isEmpty() ? NOT_ALIKE : WORDS_IN_COMMON + distance;
  }

  private static String plain(String name) {
    return name.replace("_", "").replace("-", "").toLowerCase(Locale.ROOT);
  }

  private static List<String> words(String name) {
    return Stream.of(name.split("\\.", -1))
        .map(Names::toCheckpoint)
        .flatMap(segment -> Stream.of(segment.split("[_-]")))
        .map(word -> word.toLowerCase(Locale.ROOT))
        .filter(word -> word.length() >= 3)
        .collect(Collectors.toCollection(ArrayList::new));
  }

  /** Edits with transpositions of neighbours (optimal string alignment). */
  static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        boolean same = a.charAt(i - 1) == b.charAt(j - 1);
        int least =
            Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + (same ? 0 : 1));
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          least = Math.min(least, d[i - 2][j - 2] + 1);
        }
        d[i][j] = least;
      }
    }
    return d[a.length()][b.length()];
  }
}
