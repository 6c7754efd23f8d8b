package dev.peft4j.transformers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The tokens of one text or of a pair, and where each is in its text. Ranges are in chars of the
 * Java string; tokens that the tokenizer adds around the text have the range [0, 0).
 */
public final class TokenizedText {
  private final List<Token> tokens;

  private record Token(int id, String text, int start, int end, int type, int word, int sequence) {}

  private TokenizedText(List<Token> tokens) {
    this.tokens = List.copyOf(tokens);
  }

  /** A collector of tokens, in order. */
  static final class Builder {
    private final List<Token> tokens = new ArrayList<>();

    void add(long id, String text, int[] place, int type, int word, int sequence) {
      tokens.add(new Token(Math.toIntExact(id), text, place[0], place[1], type, word, sequence));
    }

    TokenizedText build() {
      return new TokenizedText(tokens);
    }
  }

  /** Returns the number of tokens. */
  public int size() {
    return tokens.size();
  }

  /** Returns the ids of the tokens. */
  public int[] ids() {
    return tokens.stream().mapToInt(Token::id).toArray();
  }

  /** Returns the id of a token. */
  public int id(int token) {
    return tokens.get(token).id;
  }

  /** Returns a token as the vocabulary writes it, such as {@code ##ing} or {@code Ġthe}. */
  public String token(int token) {
    return tokens.get(token).text;
  }

  /** Returns where a token starts in the text. */
  public int start(int token) {
    return tokens.get(token).start;
  }

  /** Returns where a token ends in the text, exclusive. */
  public int end(int token) {
    return tokens.get(token).end;
  }

  /** Returns the type of a token: 0 in the first text, 1 in the second one in most families. */
  public int type(int token) {
    return tokens.get(token).type;
  }

  /**
   * Returns the index of the word that a token is of, where a text was given in words; -1 for
   * tokens that are added around it, and for texts that were not.
   */
  public int word(int token) {
    return tokens.get(token).word;
  }

  /**
   * Returns the text that a token is of: 0 for the first, 1 for the second of a pair; -1 for tokens
   * that the tokenizer added around them.
   */
  public int sequence(int token) {
    return tokens.get(token).sequence;
  }

  /**
   * Returns the first token whose range contains a char of the text, or -1 if none does, as
   * transformers' {@code char_to_token}.
   *
   * @param at an index of the text
   */
  public int tokenAt(int at) {
    for (int t = 0; t < tokens.size(); t++) {
      if (start(t) <= at && at < end(t)) {
        return t;
      }
    }
    return -1;
  }

  @Override
  public String toString() {
    return Arrays.toString(ids());
  }
}
