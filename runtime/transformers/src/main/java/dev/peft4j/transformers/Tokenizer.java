package dev.peft4j.transformers;

import dev.peft4j.gguf.GgufFile;
import dev.peft4j.gguf.GgufMetadata;
import dev.peft4j.hub.ModelFolders;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.transformers.SpecialTokens.Encoded;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A tokenizer that turns texts into token ids, with the same results as transformers for the same
 * files (Hugging Face tokenizers, by way of DJL). Texts are truncated to a maximum length and
 * padded to the longest of the batch; lengths in the files are ignored, the sides of padding and
 * truncation are used. Nothing is downloaded or reported. Instances are thread-safe.
 *
 * <p>A folder's tokenizer is its {@code tokenizer.json}, or made of {@code vocab.txt} (WordPiece)
 * or of {@code vocab.json} and {@code merges.txt} (BPE of bytes); {@code tokenizer_config.json},
 * {@code special_tokens_map.json} and {@code added_tokens.json} are read as transformers reads
 * them. In particular {@code BertTokenizer} takes only the vocabulary of a {@code tokenizer.json}:
 * lower case, accents and the tokens around a text come from {@code tokenizer_config.json}.
 *
 * <p>Files are checked before the native library sees them. Dangerous settings, such as patterns
 * that may take unlimited time, are a {@link FileFormatException} that names them.
 */
public final class Tokenizer implements AutoCloseable {
  private final NativeTokenizer tokenizer;
  private final AliasedTokens aliased;
  private final LazyTokenBytes bytes;
  private final CutTexts texts;
  private final KnownTokens known;
  private final TokenPadding padding;
  private final boolean cleansUp;

  private Tokenizer(
      NativeTokenizer tokenizer,
      AliasedTokens aliased,
      LazyTokenBytes bytes,
      CutTexts texts,
      KnownTokens known,
      TokenPadding padding,
      boolean cleansUp) {
    this.tokenizer = tokenizer;
    this.aliased = aliased;
    this.bytes = bytes;
    this.texts = texts;
    this.known = known;
    this.padding = padding;
    this.cleansUp = cleansUp;
  }

  /**
   * Reads a tokenizer.
   *
   * @param path a folder with a tokenizer, a {@code tokenizer.json}, which is then used as it is,
   *     or a GGUF file
   * @param maxLength the maximum number of tokens of a text, including those added by the tokenizer
   * @throws FileFormatException if the file does not exist or is not a tokenizer
   * @throws MaxLengthException if the tokens added to every text leave no room for a text
   */
  public static Tokenizer load(Path path, int maxLength) throws IOException {
    requireLength(maxLength, 1, "");
    return open(TokenizerSource.read(path), maxLength);
  }

  /**
   * Reads the tokenizer of a folder, or of a name in the Hub's cache.
   *
   * @param folderOrName such as {@code google-bert/bert-base-uncased}; see {@link
   *     ModelFolders#resolve}
   * @param maxLength the maximum number of tokens of a text, including those added by the tokenizer
   */
  public static Tokenizer load(String folderOrName, int maxLength) throws IOException {
    return load(ModelFolders.resolve(folderOrName), maxLength);
  }

  /**
   * Reads a tokenizer from the bytes of a {@code tokenizer.json}; the stream is left open.
   *
   * @param name the name of the stream in messages
   * @param maxLength the maximum number of tokens of a text, including those added by the tokenizer
   * @throws FileFormatException if it is not a tokenizer
   */
  public static Tokenizer load(InputStream in, String name, int maxLength) throws IOException {
    requireLength(maxLength, 1, "");
    return open(TokenizerSource.of(in.readAllBytes(), Path.of(name)), maxLength);
  }

  /**
   * Returns the maximum number of tokens that a folder's tokenizer was made for ({@code
   * model_max_length} in {@code tokenizer_config.json}); {@link Integer#MAX_VALUE} if it is not
   * given.
   *
   * @throws FileFormatException if there is no tokenizer
   */
  public static int modelMaxLength(Path folder) throws IOException {
    if (GgufFile.looksLikeOne(folder)) {
      GgufMetadata m = GgufFile.open(folder).metadata();
      long context =
          m.integer(m.string("general.architecture") + ".context_length", Integer.MAX_VALUE);
      return (int) Math.max(1, Math.min(context, Integer.MAX_VALUE));
    }
    Integer length = TokenizerFolder.maxLength(folder);
    return length == null ? Integer.MAX_VALUE : length;
  }

  private static Tokenizer open(TokenizerSource source, int maxLength) throws IOException {
    TokenizerFile file = source.file();
    KnownTokens known = KnownTokens.of(file, source.named());
    int added = known.around().added(false);
    requireLength(
        maxLength, added + 1, " for the tokenizer adds " + added + " tokens to every text");
    NativeTokenizer tokenizer = NativeTokenizer.open(file, source.path());
    return new Tokenizer(
        tokenizer,
        new AliasedTokens(source.again(), source.path()),
        new LazyTokenBytes(source.again()),
        new CutTexts(tokenizer, known.around(), file.boundaries(), source.cutLeft(), maxLength),
        known,
        source.padding(),
        source.cleansUp());
  }

  private static void requireLength(int maxLength, int least, String why) {
    if (maxLength < least) {
      throw new MaxLengthException(" is " + maxLength + ", must be at least " + least + why);
    }
  }

  /**
   * Returns the tokens of some texts.
   *
   * @throws IllegalArgumentException if there are none
   */
  public TokenBatch encode(List<String> texts) {
    requireTexts(texts);
    return padding.batch(texts.stream().map(this.texts::encode).toArray(Encoded[]::new));
  }

  /**
   * Returns the tokens of pairs of texts, the second of type 1; the longer one is truncated first.
   *
   * @param second as many as {@code first}
   * @throws MaxLengthException if the tokens added to every pair leave no room for a text
   */
  public TokenBatch encode(List<String> first, List<String> second) {
    requireTexts(first);
    if (first.size() != second.size()) {
      throw new IllegalArgumentException(
          "Tokenizer: "
              + first.size()
              + " first texts and "
              + second.size()
              + " second ones: needed as many of both");
    }
    int added = known.around().added(true);
    requireLength(
        texts.maxLength(), added + 1, " for the tokenizer adds " + added + " tokens to every pair");
    Encoded[] rows = new Encoded[first.size()];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = texts.encode(first.get(i), second.get(i));
    }
    return padding.batch(rows);
  }

  private static void requireTexts(List<String> texts) {
    if (texts.isEmpty()) {
      throw new IllegalArgumentException("Tokenizer: the batch is empty; needed at least one text");
    }
  }

  /**
   * Returns the same tokenizer, padding batches to a multiple of {@code tokens} (transformers'
   * {@code pad_to_multiple_of}). Each length of a batch is a separate program: with fewer lengths
   * there is less to compile, at the cost of some padding. Closing one of the two closes both.
   *
   * @throws IllegalArgumentException if {@code tokens} is below 1
   */
  public Tokenizer padToMultipleOf(int tokens) {
    if (tokens < 1) {
      throw new IllegalArgumentException(
          "Tokenizer: cannot pad to a multiple of " + tokens + ", must be at least 1");
    }
    return with(padding.multiple(tokens), cleansUp);
  }

  /**
   * Returns the tokens of one text, whatever its length, with their places in it. Special tokens
   * that are written in the text become those tokens, as in transformers.
   *
   * @param addSpecialTokens whether the tokenizer adds its tokens around the text; false for what a
   *     chat template has rendered
   */
  public TokenizedText tokenize(String text, boolean addSpecialTokens) {
    return TextTokens.around(known.around(addSpecialTokens), pieces(text), null, this::name);
  }

  /**
   * Returns the ids of the tokens of one text, whatever its length: those of {@link
   * #tokenize(String, boolean)}, in less time since their places are not asked for.
   */
  public int[] ids(String text, boolean addSpecialTokens) {
    int[] ids = tokenizer.memo().ids(text);
    if (!addSpecialTokens) {
      return ids;
    }
    long[] wide = Arrays.stream(ids).asLongStream().toArray();
    long[] all = known.around(true).around(wide, null).ids();
    return Arrays.stream(all).mapToInt(Math::toIntExact).toArray();
  }

  /**
   * Returns the tokens of one text in which special tokens at some places are text like any other,
   * as all of them are in transformers with {@code split_special_tokens}.
   *
   * @param plain the indices of chars at which no special token begins
   * @throws IllegalArgumentException if the text has noncharacters (U+FDD0 to U+FDEF)
   */
  public TokenizedText tokenize(String text, boolean addSpecialTokens, BitSet plain) {
    TextTokens pieces =
        plain.isEmpty() ? pieces(text) : TextTokens.of(text, aliased.pieces(text, plain), -1);
    return TextTokens.around(known.around(addSpecialTokens), pieces, null, this::name);
  }

  /**
   * Returns the tokens of a text that is given in words (transformers' {@code
   * is_split_into_words}), with the word of each and its place in that word.
   */
  public TokenizedText tokenizeWords(List<String> words, boolean addSpecialTokens) {
    List<TextTokens> parts = new ArrayList<>();
    for (int i = 0; i < words.size(); i++) {
      parts.add(TextTokens.of(words.get(i), tokenizer.pieces(words.get(i)), i));
    }
    return TextTokens.around(
        known.around(addSpecialTokens), TextTokens.joined(parts), null, this::name);
  }

  /**
   * Returns the tokens of a text, or of a pair, cut as {@code windows} says: one window, or all.
   * The length that this tokenizer was loaded with is not used.
   *
   * @param second the second text, or null
   * @throws MaxLengthException if the tokens that the tokenizer adds are more than the length
   * @throws IllegalArgumentException if the text that is to be cut has no token that could stay, a
   *     stride is not smaller than the windows, or all windows are wanted of both texts of a pair
   */
  public List<TokenizedText> tokenize(String text, @Nullable String second, TokenWindows windows) {
    return new TokenCuts(known.around(), this::name)
        .cut(
            tokenizer.pieces(text),
            text,
            second == null ? null : tokenizer.pieces(second),
            second,
            windows);
  }

  private TextTokens pieces(String text) {
    return TextTokens.of(text, tokenizer.pieces(text), -1);
  }

  /** Returns the text of a token that is added. */
  private String name(long id) {
    String added = known.text(id);
    return added == null ? decode(new long[] {id}, false) : added;
  }

  /**
   * Returns the special tokens by transformers' names, for example {@code eos_token}; empty for a
   * tokenizer that was not read from a folder.
   */
  public Map<String, String> specialTokens() {
    return known.named();
  }

  /**
   * Returns the id of a special or added token, such as {@code <|im_end|>}; null if there is no
   * such token. Tokens of the vocabulary alone are not searched.
   */
  public @Nullable Integer id(String token) {
    return known.added().get(token);
  }

  /** Returns the id with which batches are padded. */
  public int padId() {
    return Math.toIntExact(padding.id());
  }

  /** Returns the texts of the special tokens among those that are found in texts literally. */
  public Set<String> specialTexts() {
    return known.specialTexts();
  }

  /** Returns the special and added tokens with their ids: those found in texts literally. */
  public Map<String, Integer> addedTokens() {
    return known.added();
  }

  /**
   * Returns the same tokenizer, padding batches on one side, to at least some length (transformers'
   * {@code padding_side}, and {@code padding="max_length"}). Closing one of the two closes both.
   *
   * @param left whether padding is on the left
   * @param least the smallest number of tokens of a row; 0 for none
   */
  public Tokenizer padding(boolean left, int least) {
    return with(padding.side(left, least), cleansUp);
  }

  private Tokenizer with(TokenPadding otherPadding, boolean otherCleansUp) {
    return new Tokenizer(tokenizer, aliased, bytes, texts, known, otherPadding, otherCleansUp);
  }

  /** Returns the number of tokens of each text, without padding; empty for no texts. */
  public int[] lengths(List<String> texts) {
    return texts.stream().mapToInt(t -> this.texts.encode(t).ids().length).toArray();
  }

  /**
   * Returns the text of some tokens, without those that the tokenizer adds; unknown ids are
   * ignored.
   */
  public String decode(long... ids) {
    return decode(ids, true);
  }

  /**
   * Returns the text of some tokens; unknown ids are ignored.
   *
   * @param skipSpecialTokens whether special tokens are left out
   */
  public String decode(long[] ids, boolean skipSpecialTokens) {
    String text = raw(ids, skipSpecialTokens);
    return cleansUp ? cleanUp(text) : text;
  }

  /** Returns the text of some tokens with all of its spaces. */
  String raw(long[] ids, boolean skipSpecialTokens) {
    return tokenizer.decode(
        LongStream.of(ids).filter(id -> id >= 0 && id <= Integer.MAX_VALUE).toArray(),
        skipSpecialTokens);
  }

  /** Returns a stream of the text of tokens that come one by one. */
  public DecodeStream stream(boolean skipSpecialTokens) {
    return new DecodeStream(this, skipSpecialTokens);
  }

  /**
   * Returns whether a token is a single byte, which {@link #decode} joins with the bytes beside it:
   * if those are no characters together, none of them is one.
   */
  public boolean isByte(int id) {
    return known.bytes().contains(id);
  }

  /**
   * Returns whether {@link #decode} removes spaces before punctuation, so that a text's end may
   * change with what follows.
   */
  public boolean cleansUp() {
    return cleansUp;
  }

  /**
   * Returns the same tokenizer, whose {@link #decode} keeps all spaces: its texts are what the
   * tokens say. Closing one of the two closes both.
   */
  public Tokenizer withoutCleanUp() {
    return cleansUp ? with(padding, false) : this;
  }

  /**
   * Returns the bytes that each token writes in a text.
   *
   * @throws UnsupportedOperationException if they depend on the tokens around it, as in tokenizers
   *     of words
   * @throws UncheckedIOException if the file, which is read again for them, cannot be read
   */
  public TokenBytes tokenBytes() {
    return bytes.get();
  }

  private static String cleanUp(String text) {
    String out = text;
    for (String mark : new String[] {".", "?", "!", ","}) {
      out = out.replace(" " + mark, mark);
    }
    out = out.replace(" ' ", "'");
    for (String ending : new String[] {"n't", "'m", "'s", "'ve", "'re"}) {
      out = out.replace(" " + ending, ending);
    }
    return out;
  }

  /** Frees the native memory now instead of when this is no longer reachable. */
  @Override
  public void close() {
    tokenizer.close();
    aliased.close();
  }
}
