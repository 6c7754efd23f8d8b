package dev.peft4j.transformers;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;

/**
 * What something gave, and what was logged meanwhile (by slf4j-simple, to standard error).
 *
 * @param result what it gave
 * @param text what was logged
 */
record Logged(Object result, String text) {
  static synchronized Logged of(Callable<?> action) {
    PrintStream before = System.err;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      Object result = action.call();
      return new Logged(result, bytes.toString(StandardCharsets.UTF_8));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    } finally {
      System.setErr(before);
    }
  }
}
