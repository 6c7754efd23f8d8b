package dev.peft4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** How results are written: in words, or as JSON with {@code --json}. */
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
      writer().println(JSON.writeValueAsString(result));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of JSON can be written", e);
    }
  }

  void line(String format, @Nullable Object... values) {
    writer().println(values.length == 0 ? format : String.format(Locale.ROOT, format, values));
  }

  /** A remark for people, on standard error. */
  void note(String format, @Nullable Object... values) {
    commandSpec().commandLine().getErr().println(String.format(Locale.ROOT, format, values));
  }

  /** True if an option is on the command line, so that its value is no default. */
  boolean isGiven(String option) {
    ParseResult parsed = commandSpec().commandLine().getParseResult();
    return parsed != null && parsed.hasMatchedOption(option);
  }

  PrintWriter writer() {
    return commandSpec().commandLine().getOut();
  }

  private CommandSpec commandSpec() {
    if (spec == null) {
      throw new IllegalStateException("picocli sets it");
    }
    return spec;
  }
}
