package dev.peft4j.tuner;

import dev.peft4j.annotation.Setting;
import dev.peft4j.target.Names;
import dev.peft4j.target.Suggestions;
import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A setting of a tuner, as the member of its annotation declares it.
 *
 * @param name the member's name
 * @param type the type of its value: of an array, of its elements
 * @param array whether it has several values
 * @param usual the value that it has unless it is set, as the annotation gives it; null if it has
 *     to be set
 * @param description what it is, in one sentence; empty if the annotation does not say
 * @param key its key in peft's {@code adapter_config.json}
 * @param option its option on the command line, without dashes
 * @param setter the builder's method for it
 * @param range the values that are allowed
 */
public record TunerSetting(
    String name,
    Class<?> type,
    boolean array,
    @Nullable Object usual,
    String description,
    String key,
    String option,
    String setter,
    Range range) {

  /**
   * The values that are allowed.
   *
   * @param min the smallest number
   * @param max the largest number
   * @param above a bound that every number is greater than
   * @param below a bound that every number is less than
   * @param oneOf the texts or names of constants; empty for all
   */
  public record Range(double min, double max, double above, double below, List<String> oneOf) {
    /** Copies the list. */
    public Range {
      oneOf = List.copyOf(oneOf);
    }

    private static Range of(@Nullable Setting s) {
      return s == null
          ? new Range(
              Double.NEGATIVE_INFINITY,
              Double.POSITIVE_INFINITY,
              Double.NEGATIVE_INFINITY,
              Double.POSITIVE_INFINITY,
              List.of())
          : new Range(s.min(), s.max(), s.above(), s.below(), List.of(s.oneOf()));
    }

    private boolean holds(double v) {
      return Double.isFinite(v) && v >= min && v <= max && v > above && v < below;
    }

    /** Returns the bounds in words: {@code at least 0 and less than 1}; empty if there are none. */
    public String words() {
      List<String> words = new ArrayList<>();
      if (above > min) {
        words.add("greater than " + number(above));
      } else if (min > Double.NEGATIVE_INFINITY) {
        words.add("at least " + number(min));
      }
      if (below < max) {
        words.add("less than " + number(below));
      } else if (max < Double.POSITIVE_INFINITY) {
        words.add("at most " + number(max));
      }
      return String.join(" and ", words);
    }

    private static String number(double v) {
      return v == Math.rint(v) ? Long.toString((long) v) : Double.toString(v);
    }
  }

  static TunerSetting of(Method member) {
    Setting s = member.getAnnotation(Setting.class);
    Class<?> type = member.getReturnType();
    String snake = Names.toCheckpoint(member.getName());
    return new TunerSetting(
        member.getName(),
        type.isArray() ? type.getComponentType() : type,
        type.isArray(),
        member.getDefaultValue(),
        s == null ? "" : s.description(),
        s == null || s.key().isEmpty() ? snake : s.key(),
        s == null || s.option().isEmpty() ? snake.replace('_', '-') : s.option(),
        s == null || s.setter().isEmpty() ? member.getName() : s.setter(),
        Range.of(s));
  }

  /**
   * Returns whether {@link #parse} can read it: all but annotations of more than key and value that
   * do not say the order of their members.
   */
  public boolean isText() {
    return !type.isAnnotation() || keyAndValue(type) != null || entry(type) != null;
  }

  /**
   * Returns what a value looks like on a command line if it is of several named parts or a range,
   * for help texts; empty if it is not.
   */
  public String entryLabel() {
    EntrySettings entry = entry(type);
    return entry == null ? "" : entry.label();
  }

  /** Returns whether it may be given without a value, and then has that of its parts. */
  public boolean isComplete() {
    EntrySettings entry = entry(type);
    return entry != null && entry.members().stream().allMatch(m -> m.array() || m.usual() != null);
  }

  private static @Nullable EntrySettings entry(Class<?> type) {
    return type.isAnnotation() ? EntrySettings.of(type, m -> of(m).part()) : null;
  }

  private EntrySettings.Part part() {
    return new EntrySettings.Part(
        Names.toCheckpoint(name).replace('_', '-'),
        type,
        array,
        usual,
        (label, text) -> value(label, type, range, text));
  }

  /**
   * Returns the value that it has unless it is set, as {@link #parse} reads it; empty if it has to
   * be set.
   */
  public String usualText() {
    if (usual == null) {
      return "";
    }
    if (array) {
      List<String> all = new ArrayList<>();
      for (int i = 0; i < Array.getLength(usual); i++) {
        all.add(text(Array.get(usual, i)));
      }
      return String.join(",", all);
    }
    return text(usual);
  }

  private static String text(Object value) {
    if (value instanceof Double d) {
      return Range.number(d);
    }
    return value instanceof Enum<?> e ? e.name().toLowerCase(Locale.ROOT) : value.toString();
  }

  /**
   * Reads values as they are written on a command line: several with commas between them, entries
   * of patterns as {@code KEY=VALUE}.
   *
   * @param label what to call the setting in messages
   * @return the arguments of each call of the builder's method
   * @throws IllegalArgumentException naming the setting, what was found, and what is allowed
   */
  List<Object[]> parse(String label, String text) {
    if (!array) {
      return List.<Object[]>of(new Object[] {value(label, type, range, text)});
    }
    EntrySettings inner = entry(type);
    if (inner != null) {
      return inner.parse(label, text);
    }
    String[] parts = text.split(",", -1);
    Method[] entry = type.isAnnotation() ? keyAndValue(type) : null;
    if (entry == null) {
      Object all = Array.newInstance(type, parts.length);
      for (int i = 0; i < parts.length; i++) {
        Array.set(all, i, value(label, type, range, parts[i]));
      }
      return List.<Object[]>of(new Object[] {all});
    }
    List<Object[]> calls = new ArrayList<>();
    for (String part : parts) {
      int equals = part.lastIndexOf('=');
      if (equals < 1) {
        throw new IllegalArgumentException(
            label + " has '" + part + "', expected KEY=VALUE, with commas between several");
      }
      Range ofValue = Range.of(entry[1].getAnnotation(Setting.class));
      calls.add(
          new Object[] {
            part.substring(0, equals),
            value(label, entry[1].getReturnType(), ofValue, part.substring(equals + 1))
          });
    }
    return calls;
  }

  private Object value(String label, Class<?> of, Range allowed, String written) {
    if (of == String.class) {
      return requireOneOf(label, allowed.oneOf, written);
    }
    String text = written.strip();
    if (of == boolean.class) {
      return requireOneOf(label, List.of("true", "false"), text).equals("true");
    }
    if (of.isEnum()) {
      List<String> names =
          allowed.oneOf.isEmpty()
              ? Arrays.stream(of.getEnumConstants()).map(c -> ((Enum<?>) c).name()).toList()
              : allowed.oneOf;
      List<String> words = names.stream().map(n -> n.toLowerCase(Locale.ROOT)).toList();
      String word = requireOneOf(label, words, text.toLowerCase(Locale.ROOT));
      return Arrays.stream(of.getEnumConstants())
          .filter(c -> ((Enum<?>) c).name().equalsIgnoreCase(word))
          .findFirst()
          .orElseThrow();
    }
    requireOneOf(label, allowed.oneOf, text);
    double v;
    Object number;
    try {
      number =
          of == int.class
              ? (Object) Integer.valueOf(text)
              : of == long.class
                  ? (Object) Long.valueOf(text)
                  : of == float.class
                      ? (Object) Float.valueOf(text)
                      : (Object) Double.valueOf(text);
      v = Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          label + " is '" + text + "', expected a " + (isWhole(of) ? "whole " : "") + "number", e);
    }
    if (!allowed.holds(v) && !(number.equals(usual))) {
      String words = allowed.words();
      throw new IllegalArgumentException(
          label + " is " + text + ", must be " + (words.isEmpty() ? "a finite number" : words));
    }
    return number;
  }

  private static boolean isWhole(Class<?> of) {
    return of == int.class || of == long.class;
  }

  private static String requireOneOf(String label, List<String> all, String text) {
    if (!all.isEmpty() && !all.contains(text)) {
      throw new IllegalArgumentException(
          (label
                  + " is '"
                  + text
                  + "', must be one of "
                  + String.join(", ", all)
                  + ". "
                  + Suggestions.didYouMean(text, all))
              .strip());
    }
    return text;
  }

  /** The members of an annotation that has a text and a number, or another single value. */
  private static Method @Nullable [] keyAndValue(Class<?> annotation) {
    Method[] members = annotation.getDeclaredMethods();
    if (members.length != 2) {
      return null;
    }
    boolean keyFirst = members[0].getReturnType() == String.class;
    Method key = keyFirst ? members[0] : members[1];
    Method value = keyFirst ? members[1] : members[0];
    return key.getReturnType() == String.class
            && !value.getReturnType().isArray()
            && !value.getReturnType().isAnnotation()
        ? new Method[] {key, value}
        : null;
  }
}
