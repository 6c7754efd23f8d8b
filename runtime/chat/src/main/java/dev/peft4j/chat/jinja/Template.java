package dev.peft4j.chat.jinja;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A template that was read; it can be rendered by several threads at once. */
public final class Template {
  /**
   * The result of a rendering.
   *
   * @param text the text
   * @param generations start and end of what {@code generation} blocks have written
   */
  public record Rendering(String text, List<int[]> generations) {}

  private final Compiler.Program program;

  private Template(Compiler.Program program) {
    this.program = program;
  }

  /** Reads a template; a {@link JinjaException} says where it does not parse. */
  public static Template of(String source) {
    try {
      return new Template(Compiler.compile(new Source(source)));
    } catch (StackOverflowError e) {
      throw tooDeep();
    }
  }

  /** Renders with {@code variables}, at the time that {@code clock} says (null: now). */
  public Rendering render(
      Map<String, JsonNode> variables, @Nullable Supplier<ZonedDateTime> clock, Limits limits) {
    try {
      Map<String, Object> values = new HashMap<>(Globals.ALL);
      Values.Made made = new Values.Made();
      variables.forEach((name, value) -> values.put(name, made.of(value)));
      Runtime rt =
          new Runtime(values, clock == null ? Strftime::now : clock, limits, made.characters);
      program.body().run(new Frame(rt, null, program.function().size()), rt.root);
      return new Rendering(rt.root.toString(), rt.generations);
    } catch (StackOverflowError e) {
      throw tooDeep();
    }
  }

  private static JinjaException tooDeep() {
    return JinjaException.limit("the template nests too deep for this thread's stack");
  }
}
