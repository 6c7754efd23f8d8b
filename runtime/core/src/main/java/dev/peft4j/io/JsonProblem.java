package dev.peft4j.io;

import com.fasterxml.jackson.core.JsonProcessingException;

/** A JSON error in words for the person who wrote the file. */
public final class JsonProblem {
  private JsonProblem() {}

  /** Returns the reason without the locations and the names of settings that the library adds. */
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
