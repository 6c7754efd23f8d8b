package dev.peft4j.transformers;

import dev.peft4j.Peft4jException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Texts as rows of tokens, every one of which counts: the tokens that the tokenizer adds, the
 * text's, and the token that ends a text, where the model has one. Rows beyond the longest length
 * are cut, and counted.
 */
public final class TextRows {
  private final Tokenizer tokenizer;
  private final @Nullable Integer eos;
  private final int vocabulary;
  private final int maxLength;
  private long cut;

  /**
   * Creates rows for a model.
   *
   * @param config the model's settings: its vocabulary, and the end of a text where the tokenizer
   *     does not say it
   * @param maxLength tokens of a row at most
   * @throws IllegalArgumentException if the length is below 2 or beyond the model's positions
   * @throws Peft4jException if the token that ends texts is not in the vocabulary
   */
  public TextRows(Tokenizer tokenizer, DecoderConfig config, int maxLength) {
    if (maxLength < 2 || maxLength > config.maxPositions()) {
      throw new IllegalArgumentException(
          "rows of at most "
              + maxLength
              + " tokens: needed 2 to "
              + config.maxPositions()
              + ", the model's max_position_embeddings");
    }
    this.tokenizer = tokenizer;
    this.eos = eos(tokenizer, config);
    this.vocabulary = config.vocabSize();
    this.maxLength = maxLength;
  }

  private static @Nullable Integer eos(Tokenizer tokenizer, DecoderConfig config) {
    Map<String, String> special = tokenizer.specialTokens();
    String token = special.get("eos_token");
    Integer id = token == null ? null : tokenizer.id(token);
    List<Integer> ofModel = config.tokens().eos();
    Integer end = id != null ? id : ofModel.isEmpty() ? null : ofModel.getFirst();
    if (token != null && id == null || end != null && end >= config.vocabSize()) {
      throw new Peft4jException(
          (token == null
                  ? "the eos_token_id of config.json, " + end
                  : "the tokenizer's eos_token, \""
                      + token
                      + "\""
                      + (id == null ? "" : " (" + id + ")"))
              + ", is not in the vocabulary of "
              + config.vocabSize()
              + " tokens: no text can end with it");
    }
    return end;
  }

  /**
   * Returns a text as a row; an empty one has the special tokens alone.
   *
   * @throws Peft4jException if the tokenizer gives a token that the model does not have
   */
  public TokenRow row(String text) {
    TokenRow row = TokenRow.of(whole(text));
    cut += row.length() > maxLength ? 1 : 0;
    return row.cut(maxLength);
  }

  /**
   * Returns a text of any length as rows of the longest length, one after another, and a rest.
   *
   * @throws Peft4jException if the tokenizer gives a token that the model does not have
   */
  public List<TokenRow> blocks(String text) {
    int[] ids = whole(text);
    List<TokenRow> rows = new ArrayList<>();
    for (int from = 0; from < ids.length; from += maxLength) {
      int to = Math.min(ids.length, from + maxLength);
      if (to - from > 1) { // of one token nothing is predicted
        rows.add(TokenRow.of(Arrays.copyOfRange(ids, from, to)));
      }
    }
    return rows;
  }

  private int[] whole(String text) {
    int[] ids = tokenizer.tokenize(text, true).ids();
    Integer end = eos;
    if (end != null && (ids.length == 0 || ids[ids.length - 1] != end)) {
      ids = Arrays.copyOf(ids, ids.length + 1);
      ids[ids.length - 1] = end;
    }
    for (int id : ids) {
      if (id < 0 || id >= vocabulary) {
        throw new Peft4jException(
            "the tokenizer gives the token "
                + id
                + ", but the model has "
                + vocabulary
                + " (vocab_size): it belongs to another model");
      }
    }
    return ids;
  }

  /** Returns how many rows were cut so far. */
  public long cut() {
    return cut;
  }
}
