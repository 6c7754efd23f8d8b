package dev.peft4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.Printable;
import java.io.PrintWriter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/**
 * The output of results: in words, or as JSON with {@code --json}. Text from files or data is
 * escaped: it cannot control a terminal, and a row stays a row.
 */
final class Out {
  private static final JsonMapper JSON = new JsonMapper();

  @Spec(Target.MIXEE)
  private @Nullable CommandSpec spec;

  @Option(names = "--json", description = "Write results as JSON.")
  private boolean json;

  boolean json() {
    return json;
  }

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  void line(ObjectNode result) {
    try {
      writer().println(escapedJson(JSON.writeValueAsString(result)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of JSON can be written", e);
    }
  }

  /** Prints a row; {@code format} is the program's own, {@code values} may come from anywhere. */
  void line(String format, @Nullable Object... values) {
    writer().println(format(format, values));
  }

  /** Prints a remark on standard error. */
  void note(String format, @Nullable Object... values) {
    commandSpec().commandLine().getErr().println(format(format, values));
  }

  /** Prints a warning on standard error. */
  void warn(String sentence) {
    note("warning: %s", sentence);
  }

  private static String format(String format, @Nullable Object... values) {
    @Nullable Object[] safe = new @Nullable Object[values.length];
    for (int i = 0; i < values.length; i++) {
      Object v = values[i];
      boolean number = v == null || v instanceof Number || v instanceof Boolean;
      safe[i] = number ? v : Printable.of(String.valueOf(v));
    }
    return String.format(Locale.ROOT, format, safe);
  }

  /** Returns text that cannot control a terminal; it keeps its lines and tabs. */
  static String printable(String text) {
    StringBuilder safe = new StringBuilder();
    int from = 0;
    for (int i = 0; i <= text.length(); i++) {
      if (i == text.length() || text.charAt(i) == '\n' || text.charAt(i) == '\t') {
        safe.append(Printable.of(text.substring(from, i)));
        if (i < text.length()) {
          safe.append(text.charAt(i));
        }
        from = i + 1;
      }
    }
    return safe.toString();
  }

  /** Returns JSON in which only texts can have other characters than printable ASCII. */
  private static String escapedJson(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      if (Printable.isUnsafe(c)) {
        for (char unit : Character.toChars(c)) {
          out.append(String.format("\\u%04x", (int) unit));
        }
      } else {
        out.appendCodePoint(c);
      }
    }
    return out.toString();
  }

  /** Returns whether an option is on the command line, so that its value is not a default. */
  boolean isGiven(String option) {
    ParseResult parsed = commandSpec().commandLine().getParseResult();
    return parsed != null && parsed.hasMatchedOption(option);
  }

  PrintWriter writer() {
    return commandSpec().commandLine().getOut();
  }

  CommandSpec commandSpec() {
    if (spec == null) {
      throw new IllegalStateException("picocli sets it");
    }
    return spec;
  }
}
