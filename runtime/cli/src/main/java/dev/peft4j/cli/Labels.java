package dev.peft4j.cli;

import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.csv.CsvFactory;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.Printable;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The definition of labels, used for data files of every format, {@code --labels}, {@code
 * labels.json} and {@code id2label}.
 *
 * <ul>
 *   <li>Blanks at the ends and the encoding of accents are ignored (Unicode's form C).
 *   <li>Numbers are their value: {@code 1}, {@code 1.0} and {@code 1e0} are the label {@code 1}, as
 *       numbers of JSON or as texts.
 *   <li>JSON's {@code true} and {@code false} are the texts of that name.
 *   <li>A label is never empty.
 *   <li>{@code 01} and {@code +1} are texts, but cannot be labels beside {@code 1}.
 *   <li>Labels that differ only in case are two; {@link #alike} names them for a warning.
 * </ul>
 */
final class Labels {
  private static final int MAX_SHOWN = 20;
  private static final int MAX_LENGTH = 60;

  private static final CsvFactory CSV =
      CsvFactory.builder().enable(CsvParser.Feature.WRAP_AS_ARRAY).build();

  private Labels() {}

  /** Returns the label of a spelling; empty if there is none. */
  static String of(String spelled) {
    String name = Spelling.name(spelled);
    BigDecimal number = Spelling.number(name);
    return number == null ? name : number.signum() == 0 ? "0" : number.toPlainString();
  }

  /**
   * Returns the names in an argument, separated by commas; one with a comma is quoted, as in CSV.
   */
  static List<String> split(String argument) throws IOException {
    List<String> names = new ArrayList<>();
    try (CsvParser parser = CSV.createParser(argument)) {
      parser.setSchema(CsvSchema.emptySchema());
      while (parser.nextToken() != null) {
        if (parser.currentToken() == JsonToken.VALUE_STRING) {
          names.add(parser.getText());
        }
      }
    }
    return names;
  }

  /** Returns listed labels, in their order. */
  static List<String> listed(List<String> spelled) {
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < spelled.size(); i++) {
      String label = of(spelled.get(i));
      if (label.isEmpty()) {
        throw new IllegalArgumentException(
            "label " + i + " of " + spelled.size() + " is empty; each needs a name");
      }
      for (int j = 0; j < i; j++) {
        if (same(labels.get(j), label)) {
          throw new IllegalArgumentException(
              "labels "
                  + j
                  + " and "
                  + i
                  + " (counted from 0) are both "
                  + quote(label)
                  + spellings(spelled.get(j), spelled.get(i))
                  + "; each needs a name of its own");
        }
      }
      labels.add(label);
    }
    return List.copyOf(labels);
  }

  /** Returns the labels in a list of a JSON file. */
  static List<String> listed(Path file, JsonNode list) throws FileFormatException {
    if (!list.isArray() || list.isEmpty()) {
      throw new FileFormatException(file, "has no list of labels");
    }
    List<String> spelled = new ArrayList<>();
    for (JsonNode label : list) {
      if (!label.isTextual() && !label.isNumber() && !label.isBoolean()) {
        throw new FileFormatException(
            file,
            "label " + spelled.size() + " is " + shortened(label.toString()) + ", expected a text");
      }
      spelled.add(label.asText());
    }
    return listed(file, "", spelled);
  }

  /** Returns labels like {@link #listed(List)}, for a list in a file. */
  static List<String> listed(Path file, String what, List<String> spelled)
      throws FileFormatException {
    try {
      return listed(spelled);
    } catch (IllegalArgumentException e) {
      throw new FileFormatException(file, what + e.getMessage(), e);
    }
  }

  private static String spellings(String a, String b) {
    return a.equals(b) ? "" : ", spelled " + quote(a) + " and " + quote(b);
  }

  private static boolean same(String a, String b) {
    if (a.equals(b)) {
      return true;
    }
    BigDecimal x = Spelling.looseNumber(a);
    return x != null && x.equals(Spelling.looseNumber(b));
  }

  /**
   * Returns the labels that occur, sorted: as numbers if all of them are numbers.
   *
   * @throws FileFormatException if two of them are different spellings of one number
   */
  static List<String> in(Path file, List<Example> examples) throws FileFormatException {
    Map<String, Example> first = new LinkedHashMap<>();
    examples.forEach(e -> first.putIfAbsent(label(e), e));
    Map<BigDecimal, Example> numbers = new HashMap<>();
    for (Example e : first.values()) {
      BigDecimal number = Spelling.looseNumber(label(e));
      Example before = number == null ? null : numbers.putIfAbsent(number, e);
      if (before != null) {
        throw new FileFormatException(
            file,
            e.place()
                + ": the label "
                + quote(label(e))
                + " is the same number as "
                + quote(label(before))
                + " in "
                + before.place()
                + "; expected one spelling");
      }
    }
    Comparator<String> order =
        numbers.size() == first.size()
            ? Comparator.comparing(l -> Objects.requireNonNull(Spelling.looseNumber(l)))
            : Comparator.naturalOrder();
    return first.keySet().stream().sorted(order).toList();
  }

  /**
   * Returns each example's label as an index into {@code labels}.
   *
   * @throws FileFormatException if a label is not one of them, with the line
   */
  static int[] indices(Path file, List<Example> examples, List<String> labels)
      throws FileFormatException {
    Map<String, Integer> places = new HashMap<>();
    labels.forEach(l -> places.put(l, places.size()));
    int[] out = new int[examples.size()];
    for (int i = 0; i < out.length; i++) {
      Integer place = places.get(label(examples.get(i)));
      if (place == null) {
        throw unknown(file, examples.get(i), labels);
      }
      out[i] = place;
    }
    return out;
  }

  private static FileFormatException unknown(Path file, Example e, List<String> labels) {
    String label = label(e);
    String hint =
        labels.stream()
            .filter(l -> same(l, label) || Spelling.alike(l).equals(Spelling.alike(label)))
            .findFirst()
            .map(l -> "; " + quote(l) + " is spelled differently")
            .orElse("");
    return new FileFormatException(
        file,
        e.place()
            + ": the label "
            + quote(label)
            + " is not known, expected one of "
            + show(labels)
            + hint);
  }

  /** Returns a sentence for each pair of labels that could be confused. */
  static List<String> alike(List<String> labels) {
    Map<String, String> seen = new HashMap<>();
    List<String> sentences = new ArrayList<>();
    for (String label : labels) {
      String twin = seen.putIfAbsent(Spelling.alike(label), label);
      if (twin != null) {
        sentences.add(
            "the labels "
                + quote(twin)
                + " and "
                + quote(label)
                + (twin.equalsIgnoreCase(label)
                    ? " differ by case alone"
                    : " differ by their spelling alone")
                + "; they are two classes");
      }
    }
    return sentences;
  }

  /** Returns some labels for a message: the first of many. */
  static String show(List<String> labels) {
    String shown =
        labels.stream().limit(MAX_SHOWN).map(Labels::quote).collect(Collectors.joining(", "));
    int more = labels.size() - MAX_SHOWN;
    return more > 0 ? shown + " and " + more + " more" : shown;
  }

  private static String label(Example e) {
    return Objects.requireNonNull(e.label());
  }

  private static String quote(@Nullable String label) {
    return '"' + shortened(String.valueOf(label)) + '"';
  }

  private static String shortened(String s) {
    boolean fits = s.length() <= MAX_LENGTH;
    return Printable.of(fits ? s : s.substring(0, MAX_LENGTH) + " ...");
  }
}
