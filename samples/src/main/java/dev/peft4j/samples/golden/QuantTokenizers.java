package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.transformers.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** The tokenizer in a GGUF file: the ids of transformers' tokenizer that it was made from. */
final class QuantTokenizers {
  private static final int LONG = 100_000;

  private QuantTokenizers() {}

  static void run(QuantCase c) throws IOException {
    Path folder = c.folder().resolveSibling(c.json().path("tokenizer").asText()).normalize();
    Path cases = folder.resolve("cases.json");
    if (!Files.exists(cases)) {
      c.fail("the tokenizer's cases are not there: " + cases);
      return;
    }
    texts(c, c.file("vocab.gguf"), QuantCase.read(cases).path("texts"));
  }

  /** Compares the ids of texts, with special tokens and, where they are given, without. */
  static void texts(QuantCase c, Path file, JsonNode texts) throws IOException {
    Tokenizer tokenizer = Tokenizer.load(file, LONG);
    for (JsonNode t : texts) {
      String text = t.path("text").asText();
      ids(c, tokenizer, text, true, t.path("ids"));
      ids(c, tokenizer, text, false, t.has("plain_ids") ? t.path("plain_ids") : t.path("missing"));
    }
    c.same("texts", !texts.isEmpty(), true);
  }

  private static void ids(
      QuantCase c, Tokenizer tokenizer, String text, boolean special, JsonNode expected) {
    if (expected.isMissingNode()) {
      return;
    }
    String found = Arrays.toString(tokenizer.tokenize(text, special).ids()).replace(" ", "");
    if (!found.equals(expected.toString())) {
      c.fail("ids of '" + text + "' are " + found + " instead of " + expected);
    }
  }
}
