package dev.peft4j.tuner;

import dev.peft4j.annotation.Setting;
import dev.peft4j.target.Suggestions;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The members of an annotation that is an entry of a setting, such as {@code @Kasa}, as they are
 * written on a command line: {@code beta=0.001,gamma=0}, a list by repeating its name. An entry of
 * two whole numbers without defaults is a range, {@code 0-2}, and there may be several.
 *
 * @param members in the order in which the builder takes them
 */
record EntrySettings(List<Part> members) {
  /**
   * A member.
   *
   * @param option its name on the command line
   * @param type the type of its value: of an array, of its elements
   * @param array whether it has several values
   * @param usual the value that it has unless it is given, or null
   * @param reader reads one value, given what to call it in messages and the text
   */
  record Part(
      String option,
      Class<?> type,
      boolean array,
      @Nullable Object usual,
      BiFunction<String, String, Object> reader) {
    private Object read(String label, String text) {
      return reader.apply(label, text);
    }
  }

  /**
   * Returns those of an annotation, or null if it does not say their order.
   *
   * @param part what a member of it is
   */
  static @Nullable EntrySettings of(Class<?> annotation, Function<Method, Part> part) {
    Method[] methods = annotation.getDeclaredMethods();
    boolean ordered =
        annotation.isAnnotation()
            && methods.length > 0
            && Arrays.stream(methods).allMatch(m -> position(m) >= 0);
    return ordered
        ? new EntrySettings(
            Arrays.stream(methods)
                .sorted(Comparator.comparing(EntrySettings::position))
                .map(part)
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
        : String.join("[,", members.stream().map(m -> m.option() + "=...").toList());
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
              members.getFirst().read(label, ends[0]), members.getLast().read(label, ends[1])
            });
      }
      return calls;
    }
    Map<String, List<String>> given = new LinkedHashMap<>();
    List<String> names = members.stream().map(Part::option).toList();
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
            .map(m -> argument(label, m, given.getOrDefault(m.option(), List.of())))
            .toArray());
    return calls;
  }

  private static Object argument(String label, Part member, List<String> texts) {
    String name = label + " " + member.option();
    if (member.array()) {
      return texts.stream().map(t -> member.read(name, t)).toList();
    }
    if (texts.size() > 1) {
      throw new IllegalArgumentException(name + " is given " + texts.size() + " times");
    }
    if (texts.isEmpty() && member.usual() == null) {
      throw new IllegalArgumentException(name + " is missing");
    }
    return texts.isEmpty()
        ? Objects.requireNonNull(member.usual())
        : member.read(name, texts.getFirst());
  }
}
