package dev.peft4j.chat.jinja;

/** A template that does not parse, or does not render. */
public final class JinjaException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String type;
  private int line;
  private int column;

  JinjaException(String type, String message) {
    super(message);
    this.type = type;
  }

  JinjaException(String type, String message, int line, int column) {
    this(type, message);
    this.line = line;
    this.column = column;
  }

  static JinjaException syntax(String message, int line, int column) {
    return new JinjaException("TemplateSyntaxError", message, line, column);
  }

  static JinjaException type(String message) {
    return new JinjaException("TypeError", message);
  }

  static JinjaException value(String message) {
    return new JinjaException("ValueError", message);
  }

  static JinjaException limit(String message) {
    return new JinjaException("LimitError", message);
  }

  /** Adds the place where it happened, unless an inner place is known. */
  JinjaException at(int line, int column) {
    if (this.line == 0) {
      this.line = line;
      this.column = column;
    }
    return this;
  }

  /** Returns the name of Python's or jinja2's class of this error. */
  public String type() {
    return type;
  }

  /** Returns the line of the template, counted from 1; 0 if it is not known. */
  public int line() {
    return line;
  }

  /** Returns the column of that line, counted from 1; 0 if it is not known. */
  public int column() {
    return column;
  }

  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
