package dev.peft4j.chat.jinja;

/** White space as Python sees it. */
public final class PythonText {
  private PythonText() {}

  /** Returns {@code text} without white space at its ends. */
  public static String strip(String text) {
    return Str.strip(text, null, true, true);
  }

  /** Returns {@code text} without white space at its end. */
  public static String stripEnd(String text) {
    return Str.strip(text, null, false, true);
  }
}
