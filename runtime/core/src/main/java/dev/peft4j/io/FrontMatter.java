package dev.peft4j.io;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The few lines of YAML at the top of a model card, edited as lines: everything that this project
 * does not set is kept exactly as it was written.
 */
final class FrontMatter {
  private static final Pattern KEY = Pattern.compile("([A-Za-z0-9_.-]+)\\s*:(\\s.*)?");

  /** Texts that YAML 1.1 reads as another type: words, numbers and dates. */
  private static final Pattern OTHER =
      Pattern.compile(
          "|~|null|true|false|yes|no|on|off|<<|="
              + "|[-+]?(0b[01_]+|0x[0-9a-f_]+|[0-9][0-9_]*(:[0-5]?[0-9])*)"
              + "|[-+]?([0-9][0-9_]*(:[0-5]?[0-9])*)?\\.[0-9_]*(e[-+][0-9]+)?"
              + "|[-+]?\\.(inf|nan)"
              + "|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?([t ].*)?",
          Pattern.CASE_INSENSITIVE);

  private FrontMatter() {}

  /** Returns the lines by top-level key; lines before the first key are under the empty text. */
  static SequencedMap<String, List<String>> blocks(List<String> lines) {
    SequencedMap<String, List<String>> out = new LinkedHashMap<>();
    String key = "";
    for (String line : lines) {
      Matcher m = KEY.matcher(line);
      key = m.matches() ? m.group(1) : key;
      out.computeIfAbsent(key, _ -> new ArrayList<>()).add(line);
    }
    return out;
  }

  /** Sets a key to a text; a new key is appended. */
  static void put(SequencedMap<String, List<String>> blocks, String key, String value) {
    blocks.put(key, List.of(key + ": " + scalar(value)));
  }

  /** Sets a key to a list; a new key is appended. */
  static void put(
      SequencedMap<String, List<String>> blocks, String key, Collection<String> values) {
    List<String> lines = new ArrayList<>(List.of(key + ":"));
    values.forEach(v -> lines.add("- " + scalar(v)));
    blocks.put(key, lines);
  }

  /** Returns a text as YAML: plain where that is safe, else in quotes. */
  static String scalar(String s) {
    if (s.chars().anyMatch(c -> Character.isISOControl(c) || Character.isSurrogate((char) c))) {
      StringBuilder out = new StringBuilder();
      PythonJson.quote(out, s, true);
      return out.toString();
    }
    boolean quoted =
        OTHER.matcher(s).matches()
            || !s.strip().equals(s)
            || "#,[]{}&*!|>'\"%@`".indexOf(s.charAt(0)) >= 0
            || s.matches("[-?:]( .*)?")
            || s.startsWith("---")
            || s.startsWith("...")
            || s.contains(": ")
            || s.endsWith(":")
            || s.contains(" #");
    return quoted ? "'" + s.replace("'", "''") + "'" : s;
  }
}
