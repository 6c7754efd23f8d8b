package dev.peft4j.processor;

import dev.peft4j.processor.Node.Kind;
import dev.peft4j.target.TargetSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Indices and keys to try. How long a list is and what a map's keys are, is known at run time only;
 * but names in a configuration can only tell those indices and keys apart that they mention, so
 * those and one that none mentions represent all. A regular expression may tell more apart: with
 * one, as many indices are tried as a list of layers may have, and maps are left to the run time.
 */
final class Samples {
  private static final Pattern WORD = Pattern.compile("\\w+");
  private static final Pattern PLAIN = Pattern.compile("[\\w.]*");
  private static final int MANY = 1000;

  private final boolean regex;
  private final TreeSet<Integer> mentioned = new TreeSet<>();
  private final Set<String> keys = new LinkedHashSet<>();

  Samples(TargetSpec spec, Collection<String> patternKeys) {
    regex =
        spec.targetRegex() != null
            || spec.excludeRegex() != null
            || !spec.modulesToSave().stream().allMatch(name -> PLAIN.matcher(name).matches())
            || !spec.layersPattern().stream().allMatch(name -> PLAIN.matcher(name).matches());
    List<String> texts = new ArrayList<>(patternKeys);
    texts.addAll(spec.targets());
    texts.addAll(spec.exclude());
    texts.addAll(spec.modulesToSave());
    texts.addAll(spec.layersPattern());
    if (spec.targetRegex() != null) {
      texts.add(spec.targetRegex());
    }
    if (spec.excludeRegex() != null) {
      texts.add(spec.excludeRegex());
    }
    spec.layers().forEach(layer -> texts.add(layer.toString()));
    texts.forEach(this::mention);
    mentioned.add(mentioned.isEmpty() ? 0 : mentioned.last() + 1);
    mentioned.forEach(index -> keys.add(index.toString()));
    String other = "key";
    while (!keys.add(other)) {
      other += "_";
    }
  }

  private void mention(String text) {
    var words = WORD.matcher(text);
    while (words.find()) {
      String word = words.group();
      keys.add(word);
      if (word.length() < 9 && word.chars().allMatch(c -> c >= '0' && c <= '9')) {
        mentioned.add(Integer.valueOf(word));
      }
    }
  }

  /** Returns whether a regular expression decides, so that samples do not represent all keys. */
  boolean regex() {
    return regex;
  }

  /** Returns all combinations to try for a place in these lists and maps. */
  List<List<String>> combinations(List<Kind> dimensions) {
    List<List<String>> all = List.of(List.of());
    for (Kind dimension : dimensions) {
      List<List<String>> longer = new ArrayList<>();
      Collection<String> values = dimension == Kind.MAP ? keys : indices(dimensions.size());
      for (List<String> shorter : all) {
        for (String value : values) {
          List<String> one = new ArrayList<>(shorter);
          one.add(value);
          longer.add(one);
        }
      }
      all = longer;
    }
    return all;
  }

  private List<String> indices(int dimensions) {
    TreeSet<Integer> values = new TreeSet<>(mentioned);
    if (regex) {
      int first = dimensions == 1 ? MANY : dimensions == 2 ? 13 : 3;
      for (int i = 0; i < first; i++) {
        values.add(i);
      }
      values.addAll(List.of(23, 99, 100, MANY, 12345));
    }
    return values.stream().map(String::valueOf).toList();
  }
}
