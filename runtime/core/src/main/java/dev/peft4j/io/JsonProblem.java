package dev.peft4j.io;

import com.fasterxml.jackson.core.JsonProcessingException;

/** What the JSON library found wrong, in words for those who wrote the file. */
public final class JsonProblem {
  private JsonProblem() {}

  /**
   * Returns the reason without the places that the library adds, which it counts in a text that
   * nobody sees, and without the names of its settings.
   */
  public static String reason(JsonProcessingException e) {
    String text =
        String.valueOf(e.getOriginalMessage())
            .replaceAll(" ?\\(start marker at \\[Source.*?column: \\d+]\\)", "")
            .replaceAll(" ?\\[Source.*?column: \\d+]", "")
            .replaceAll(", from `[^`]*`", "")
            .replaceAll(" \\(disable `[^)]*\\)", "")
            .replaceAll(": enable `[^`]*` to allow", "");
    return Quote.plain(text.lines().findFirst().orElse(""));
  }
}
