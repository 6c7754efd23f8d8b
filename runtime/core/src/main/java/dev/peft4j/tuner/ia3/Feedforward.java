package dev.peft4j.tuner.ia3;

import dev.peft4j.target.TargetMatcher;
import dev.peft4j.target.TargetSpec;
import java.util.AbstractList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The names of {@link Ia3Tuner}'s feed-forward layers, which may be many, or a regular expression
 * that stands for them. Immutable.
 */
final class Feedforward extends AbstractList<String> {
  /** What a file leaves to the kind of model; until that is known, none. */
  static final Feedforward OPEN = new Feedforward(List.of(), null);

  private final List<String> names;
  private final Set<String> ends;
  private final Set<Integer> lengths = new TreeSet<>();
  private final @Nullable String regex;
  private volatile @Nullable TargetMatcher matcher;

  Feedforward(List<String> names, @Nullable String regex) {
    this.names = List.copyOf(names);
    this.ends = new HashSet<>(names);
    this.regex = regex;
    names.forEach(n -> lengths.add(n.length()));
  }

  /** Whether a name is the end of a path, without regard to dots, or the expression matches it. */
  boolean isIn(String path) {
    if (regex == null) {
      return lengths.stream()
          .anyMatch(n -> n <= path.length() && ends.contains(path.substring(path.length() - n)));
    }
    TargetMatcher m = matcher;
    if (m == null) {
      // not where somebody wrote it: it may be a file's
      m = new TargetMatcher(TargetSpec.builder().targetRegex(regex).build().asFromFile());
      matcher = m;
    }
    return m.match(path, false).targeted();
  }

  @Override
  public String get(int index) {
    return names.get(index);
  }

  @Override
  public int size() {
    return names.size();
  }
}
