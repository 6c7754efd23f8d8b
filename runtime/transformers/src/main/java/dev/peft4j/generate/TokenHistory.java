package dev.peft4j.generate;

import java.util.Arrays;

/**
 * The tokens of a row so far: its prompt, with the padding on the left that makes all prompts of a
 * batch equally long, and the new ones.
 */
public final class TokenHistory {
  private int[] ids;
  private int length;
  private final int promptLength;
  private final int padding;

  /**
   * Begins with a prompt.
   *
   * @param prompt with padding
   * @param padding how many tokens of it, on the left, are padding
   */
  public TokenHistory(int[] prompt, int padding) {
    this.ids = Arrays.copyOf(prompt, prompt.length + 32);
    this.length = prompt.length;
    this.promptLength = prompt.length;
    this.padding = padding;
  }

  /** Returns a prompt without padding, and tokens that follow it. */
  public static TokenHistory of(int[] prompt, int... more) {
    TokenHistory h = new TokenHistory(prompt, 0);
    for (int id : more) {
      h.add(id);
    }
    return h;
  }

  private TokenHistory(TokenHistory other) {
    this.ids = other.ids.clone();
    this.length = other.length;
    this.promptLength = other.promptLength;
    this.padding = other.padding;
  }

  /** Returns a copy that goes on by itself. */
  TokenHistory copy() {
    return new TokenHistory(this);
  }

  /** Returns the number of tokens: padding, prompt and new ones. */
  public int length() {
    return length;
  }

  /** Returns the number of tokens of the prompt, with padding. */
  public int promptLength() {
    return promptLength;
  }

  /** Returns the number of tokens of padding on the left. */
  public int padding() {
    return padding;
  }

  /** Returns the number of new tokens. */
  public int newTokens() {
    return length - promptLength;
  }

  /** Returns token {@code i}. */
  public int get(int i) {
    if (i < 0 || i >= length) {
      throw new IndexOutOfBoundsException("token " + i + " of " + length);
    }
    return ids[i];
  }

  /** Adds a token. */
  void add(int id) {
    if (length == ids.length) {
      ids = Arrays.copyOf(ids, length * 2);
    }
    ids[length++] = id;
  }

  /** Returns whether the tokens before the end are {@code ids}, the last of which is left out. */
  boolean endsWithAllBut(int[] sequence) {
    int n = sequence.length - 1;
    return n <= length && Arrays.equals(this.ids, length - n, length, sequence, 0, n);
  }

  /** Returns the tokens from one index to another one, which is not included. */
  public int[] range(int from, int to) {
    if (from < 0 || to > length) {
      throw new IndexOutOfBoundsException("tokens " + from + " to " + to + " of " + length);
    }
    return Arrays.copyOfRange(ids, from, to);
  }

  /** Returns all tokens, with padding. */
  public int[] toArray() {
    return range(0, length);
  }

  /** Returns the new tokens. */
  public int[] toNewTokens() {
    return range(promptLength, length);
  }
}
