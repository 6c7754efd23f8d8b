package dev.peft4j.tuner;

import dev.peft4j.annotation.Setting;
import dev.peft4j.target.Names;
import dev.peft4j.target.Suggestions;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The members of an annotation that is an entry of a setting, such as {@code @Kasa}, as they are
 * written on a command line: {@code beta=0.001,gamma=0}, a list by repeating its name. An entry of
 * two whole numbers without defaults is a range, {@code 0-2}, and there may be several.
 *
 * @param members in the order in which the builder takes them
 */
record EntrySettings(List<TunerSetting> members) {
  /** Returns those of an annotation, or null if it does not say their order. */
  static @Nullable EntrySettings of(Class<?> annotation) {
    Method[] methods = annotation.getDeclaredMethods();
    boolean ordered =
        annotation.isAnnotation()
            && methods.length > 0
            && Arrays.stream(methods).allMatch(m -> position(m) >= 0);
    return ordered
        ? new EntrySettings(
            Arrays.stream(methods)
                .sorted(Comparator.comparing(EntrySettings::position))
                .map(TunerSetting::of)
                .toList())
        : null;
  }

  private static int position(Method member) {
    Setting s = member.getAnnotation(Setting.class);
    return s == null ? -1 : s.position();
  }

  /** Returns whether an entry is a range of whole numbers. */
  boolean isRange() {
    return members.size() == 2
        && members.stream().allMatch(m -> m.type() == int.class && m.usual() == null);
  }

  /** Returns what it looks like, for help texts. */
  String label() {
    return isRange()
        ? "FROM-TO[,FROM-TO...]"
        : String.join("[,", members.stream().map(m -> option(m) + "=...").toList());
  }

  private static String option(TunerSetting member) {
    return Names.toCheckpoint(member.name()).replace('_', '-');
  }

  /**
   * Reads entries.
   *
   * @param label what to call the setting in messages
   * @return the arguments of each call of the builder's method
   * @throws IllegalArgumentException naming the setting, what was found, and what is allowed
   */
  List<Object[]> parse(String label, String text) {
    List<Object[]> calls = new ArrayList<>();
    if (isRange()) {
      for (String part : text.split(",", -1)) {
        String[] ends = part.strip().split("-", -1);
        if (ends.length != 2) {
          throw new IllegalArgumentException(
              label + " has '" + part + "', expected FROM-TO, with commas between several");
        }
        calls.add(
            new Object[] {
              members.getFirst().one(label, ends[0]), members.getLast().one(label, ends[1])
            });
      }
      return calls;
    }
    Map<String, List<String>> given = new LinkedHashMap<>();
    List<String> names = members.stream().map(EntrySettings::option).toList();
    for (String part : text.isBlank() ? new String[0] : text.split(",", -1)) {
      int equals = part.indexOf('=');
      String name = equals < 1 ? part.strip() : part.substring(0, equals).strip();
      if (equals < 1 || !names.contains(name)) {
        throw new IllegalArgumentException(
            (label
                    + " has '"
                    + part
                    + "', expected NAME=VALUE with one of "
                    + String.join(", ", names)
                    + ". "
                    + Suggestions.didYouMean(name, names))
                .strip());
      }
      given.computeIfAbsent(name, n -> new ArrayList<>()).add(part.substring(equals + 1));
    }
    calls.add(
        members.stream()
            .map(m -> argument(label, m, given.getOrDefault(option(m), List.of())))
            .toArray());
    return calls;
  }

  private static Object argument(String label, TunerSetting member, List<String> texts) {
    String name = label + " " + option(member);
    if (member.array()) {
      return texts.stream().map(t -> member.one(name, t)).toList();
    }
    if (texts.size() > 1) {
      throw new IllegalArgumentException(name + " is given " + texts.size() + " times");
    }
    if (texts.isEmpty() && member.usual() == null) {
      throw new IllegalArgumentException(name + " is missing");
    }
    return texts.isEmpty()
        ? Objects.requireNonNull(member.usual())
        : member.one(name, texts.getFirst());
  }
}
