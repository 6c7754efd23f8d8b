package dev.peft4j.transformers;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a tokenizer with a role of their own.
 *
 * @param around what is added to every text
 * @param named those with a name of transformers
 * @param added all that are found in texts literally
 * @param special those of them that are special
 * @param bytes those that are a single byte
 */
record KnownTokens(
    SpecialTokens around,
    Map<String, String> named,
    Map<String, Integer> added,
    Set<Integer> special,
    Set<Integer> bytes) {
  static KnownTokens of(TokenizerFile file, Map<String, String> named) {
    return new KnownTokens(
        file.specialTokens(), named, file.added(), file.special(), file.byteTokens());
  }

  /** Returns what is added to a text, or else only where its own tokens are. */
  SpecialTokens around(boolean addSpecialTokens) {
    return addSpecialTokens ? around : around.places();
  }

  /** Returns the text of an added token, or null if it is none. */
  @Nullable String text(long id) {
    for (Map.Entry<String, Integer> e : added.entrySet()) {
      if (e.getValue() == id) {
        return e.getKey();
      }
    }
    return null;
  }

  Set<String> specialTexts() {
    Set<String> texts = new LinkedHashSet<>();
    added.forEach(
        (token, id) -> {
          if (special.contains(id)) {
            texts.add(token);
          }
        });
    return texts;
  }
}
