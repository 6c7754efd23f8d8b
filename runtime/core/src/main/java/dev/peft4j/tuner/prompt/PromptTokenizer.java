package dev.peft4j.tuner.prompt;

import java.util.ServiceLoader;

/**
 * The way from a text to token ids, for virtual tokens that start as those of a text. The module
 * peft4j-transformers has one; it is found by {@link ServiceLoader}.
 */
public interface PromptTokenizer {
  /**
   * Returns the ids of a text's tokens, with those that the tokenizer adds.
   *
   * @param tokenizer a folder with a tokenizer, or a name in the local cache of the Hub
   */
  int[] ids(String tokenizer, String text);

  /**
   * Returns the ids of a text's tokens.
   *
   * @throws IllegalArgumentException if nothing here can read tokenizers, or there is no text or no
   *     tokenizer
   */
  static int[] of(String tokenizer, String text) {
    if (text.isEmpty() || tokenizer.isEmpty()) {
      throw new IllegalArgumentException(
          "virtual tokens that start as a text need initText and a tokenizer (a folder, or a name"
              + " in the local cache of the Hub); found the text '"
              + text
              + "' and the tokenizer '"
              + tokenizer
              + "'");
    }
    for (PromptTokenizer t :
        ServiceLoader.load(PromptTokenizer.class, PromptTokenizer.class.getClassLoader())) {
      int[] ids = t.ids(tokenizer, text);
      if (ids.length == 0) {
        throw new IllegalArgumentException("the initText '" + text + "' has no tokens");
      }
      return ids;
    }
    throw new IllegalArgumentException(
        "virtual tokens that start as a text need the module peft4j-transformers, which reads"
            + " tokenizers");
  }
}
