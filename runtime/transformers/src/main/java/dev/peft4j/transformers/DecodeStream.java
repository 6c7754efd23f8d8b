package dev.peft4j.transformers;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The text of tokens that come one by one, as Hugging Face's {@code DecodeStream}: each call
 * returns what a token adds to the text, as soon as that is whole characters. Joined, the parts are
 * the text of all tokens, but for an unfinished character at the end; spaces before punctuation,
 * which {@link Tokenizer#decode} removes for some tokenizers, stay. For one thread.
 */
public final class DecodeStream {
  private static final char UNFINISHED = '\uFFFD';

  private final Tokenizer tokenizer;
  private final boolean skipSpecialTokens;
  private List<Long> ids = new ArrayList<>();
  private String prefix = "";
  private int prefixTokens;

  DecodeStream(Tokenizer tokenizer, boolean skipSpecialTokens) {
    this.tokenizer = tokenizer;
    this.skipSpecialTokens = skipSpecialTokens;
  }

  /**
   * Returns the text that a token adds; null if that is not known yet, or nothing.
   *
   * @throws IllegalStateException if the text of the tokens before changes with this one
   */
  public @Nullable String step(long id) {
    if (prefix.isEmpty() && !ids.isEmpty()) {
      String before = decode();
      if (!unfinished(before)) {
        prefix = before;
        prefixTokens = ids.size();
      }
    }
    ids.add(id);
    String text = decode();
    if (text.length() <= prefix.length() || unfinished(text)) {
      return null;
    }
    if (!text.startsWith(prefix)) {
      throw new IllegalStateException(
          "the token "
              + id
              + " changes the text before it from '"
              + prefix
              + "' to '"
              + text
              + "'; decode the whole text instead");
    }
    String added = text.substring(prefix.length());
    int kept = ids.size() - prefixTokens;
    ids = new ArrayList<>(ids.subList(prefixTokens, ids.size()));
    prefix = decode();
    prefixTokens = kept;
    return added;
  }

  private static boolean unfinished(String text) {
    return !text.isEmpty() && text.charAt(text.length() - 1) == UNFINISHED;
  }

  private String decode() {
    return tokenizer.raw(ids.stream().mapToLong(Long::longValue).toArray(), skipSpecialTokens);
  }
}
