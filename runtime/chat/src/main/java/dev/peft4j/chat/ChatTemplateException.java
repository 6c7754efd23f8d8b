package dev.peft4j.chat;

import dev.peft4j.Peft4jException;
import dev.peft4j.chat.jinja.JinjaException;
import org.jspecify.annotations.Nullable;

/**
 * A chat template that does not parse or render, or a conversation that it refuses. The message
 * names the template, the line and the column where they are known, and what went wrong there.
 */
public final class ChatTemplateException extends Peft4jException {
  private static final long serialVersionUID = 1L;

  /** The kind of a failure. */
  public enum Kind {
    /** The template does not parse. */
    SYNTAX,
    /** The template itself refuses the conversation, by {@code raise_exception}. */
    RAISED,
    /** The template does with a value what cannot be done with it, or lacks one. */
    FAILED,
    /** The template takes more time, memory or depth than it may. */
    LIMIT,
    /** The conversation or the options are not what they should be. */
    INPUT
  }

  private final Kind kind;
  private final String template;
  private final String problem;
  private final String pythonType;
  private final int line;
  private final int column;

  private ChatTemplateException(
      Kind kind,
      String template,
      String problem,
      String pythonType,
      int line,
      int column,
      @Nullable Throwable cause) {
    super(
        template + (line == 0 ? "" : ", line " + line + ", column " + column) + ": " + problem,
        cause);
    this.kind = kind;
    this.template = template;
    this.problem = problem;
    this.pythonType = pythonType;
    this.line = line;
    this.column = column;
  }

  static ChatTemplateException of(String template, JinjaException e) {
    Kind kind =
        switch (e.type()) {
          case "TemplateSyntaxError", "TemplateAssertionError" -> Kind.SYNTAX;
          case "TemplateError" -> Kind.RAISED;
          case "LimitError", "RecursionError" -> Kind.LIMIT;
          default -> Kind.FAILED;
        };
    return new ChatTemplateException(
        kind, template, e.getMessage(), e.type(), e.line(), e.column(), e);
  }

  static ChatTemplateException input(String template, String problem) {
    return new ChatTemplateException(Kind.INPUT, template, problem, "ValueError", 0, 0, null);
  }

  /** Returns what kind of failure it is. */
  public Kind kind() {
    return kind;
  }

  /** Returns the name of the template. */
  public String template() {
    return template;
  }

  /**
   * Returns what went wrong, without the place; for {@link Kind#RAISED} the template's own words.
   */
  public String problem() {
    return problem;
  }

  /** Returns the name of the class that Python raises for it, such as {@code UndefinedError}. */
  public String pythonType() {
    return pythonType;
  }

  /** Returns the line of the template, counted from 1; 0 if there is none. */
  public int line() {
    return line;
  }

  /** Returns the column in that line, counted from 1; 0 if there is none. */
  public int column() {
    return column;
  }
}
