package dev.peft4j.transformers;

import dev.peft4j.checkpoint.GgufTokenizer;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.gguf.GgufMetadata;
import dev.peft4j.hub.ModelFolders;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.NativeTokenizer.Tokens;
import dev.peft4j.transformers.SpecialTokens.Encoded;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashSet;
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
  /**
   * The number of characters of a long text that are encoded at first, for each token that is kept.
   */
  private static final int CHARACTERS_A_TOKEN = 16;

  private static final int SHORT = 8192;

  private final NativeTokenizer tokenizer;
  private final AliasedTokens aliased;
  private final Vocabulary vocabulary;
  private final SpecialTokens around;
  private final WordBoundaries boundaries;
  private final Settings settings;
  private final int maxLength;
  private final int multiple;
  private final int least;

  /** The settings in the files besides the tokens. */
  private record Settings(
      long pad,
      boolean padLeft,
      boolean cutLeft,
      boolean cleanUp,
      Map<String, String> named,
      Map<String, Integer> added,
      Set<Integer> special,
      Set<Integer> bytes) {
    Settings cleanUp(boolean on) {
      return new Settings(pad, padLeft, cutLeft, on, named, added, special, bytes);
    }
  }

  /** The bytes of the tokens, made when somebody asks. */
  private static final class Vocabulary {
    private final AliasedTokens.Source source;
    private @Nullable TokenBytes bytes;

    Vocabulary(AliasedTokens.Source source) {
      this.source = source;
    }

    synchronized TokenBytes bytes() {
      TokenBytes known = bytes;
      if (known == null) {
        try {
          known = new TokenBytes(source.read().pieces());
        } catch (IOException e) {
          throw new UncheckedIOException("the tokenizer's file was read before, and cannot now", e);
        }
        bytes = known;
      }
      return known;
    }
  }

  private Tokenizer(
      NativeTokenizer tokenizer,
      AliasedTokens aliased,
      Vocabulary vocabulary,
      SpecialTokens around,
      WordBoundaries boundaries,
      Settings settings,
      int maxLength,
      int multiple,
      int least) {
    this.tokenizer = tokenizer;
    this.aliased = aliased;
    this.vocabulary = vocabulary;
    this.around = around;
    this.boundaries = boundaries;
    this.settings = settings;
    this.maxLength = maxLength;
    this.multiple = multiple;
    this.least = least;
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
    if (Files.isDirectory(path)) {
      TokenizerFolder folder = TokenizerFolder.read(path);
      TokenizerFile file = folder.checked();
      Settings settings =
          new Settings(
              folder.padId(file),
              folder.padsLeft(),
              folder.cutsLeft(),
              folder.cleansUp(),
              folder.named(),
              file.added(),
              file.special(),
              file.byteTokens());
      return open(
          file,
          () -> TokenizerFolder.read(path).checked(),
          path.resolve(TokenizerFolder.FILE),
          settings,
          maxLength);
    }
    if (GgufFile.looksLikeOne(path)) {
      GgufTokenizer gguf = GgufTokenizer.of(GgufFile.open(path));
      TokenizerFile file = TokenizerFile.check(gguf.json(), path);
      Settings settings =
          new Settings(
              gguf.padId(), false, false, false, gguf.named(), file.added(), file.special(), file.byteTokens());
      return open(
          file,
          () -> TokenizerFile.check(GgufTokenizer.of(GgufFile.open(path)).json(), path),
          path,
          settings,
          maxLength);
    }
    if (!Files.isRegularFile(path)) {
      throw new FileFormatException(
          path, Files.exists(path) ? "is not a file, expected a tokenizer.json" : "does not exist");
    }
    return parse(Files.readAllBytes(path), path, maxLength);
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
    return parse(in.readAllBytes(), Path.of(name), maxLength);
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

  private static Tokenizer parse(byte[] json, Path path, int maxLength) throws IOException {
    TokenizerFile file = TokenizerFile.check(TokenizerFile.parse(json, path), path);
    Settings settings =
        new Settings(file.padId(), false, false, false, Map.of(), file.added(), file.special(), file.byteTokens());
    return open(
        file,
        () -> TokenizerFile.check(TokenizerFile.parse(json, path), path),
        path,
        settings,
        maxLength);
  }

  /**
   * Creates a tokenizer.
   *
   * @param again reads the file again: it is not kept
   */
  private static Tokenizer open(
      TokenizerFile file, AliasedTokens.Source again, Path path, Settings settings, int maxLength)
      throws IOException {
    int added = file.specialTokens().added(false);
    requireLength(
        maxLength, added + 1, " for the tokenizer adds " + added + " tokens to every text");
    return new Tokenizer(
        NativeTokenizer.open(file, path),
        new AliasedTokens(again, path),
        new Vocabulary(again),
        file.specialTokens(),
        file.boundaries(),
        settings,
        maxLength,
        1,
        0);
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
    return pad(texts.stream().map(this::encode).toArray(Encoded[]::new));
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
    int added = around.added(true);
    requireLength(
        maxLength, added + 1, " for the tokenizer adds " + added + " tokens to every pair");
    Encoded[] rows = new Encoded[first.size()];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = encode(first.get(i), second.get(i), maxLength - added);
    }
    return pad(rows);
  }

  private static void requireTexts(List<String> texts) {
    if (texts.isEmpty()) {
      throw new IllegalArgumentException("Tokenizer: the batch is empty; needed at least one text");
    }
  }

  private Encoded encode(String text) {
    int room = maxLength - around.added(false);
    return around.around(cut(tokens(text, room).ids(), room), null);
  }

  /**
   * Truncates as transformers' {@code longest_first}: first the longer text, then both. The length
   * of a text is known up to the word with which it has {@code maxLength} tokens.
   */
  private Encoded encode(String first, String second, int room) {
    Tokens a;
    Tokens b;
    if (boundaries.joint() == null) {
      a = tokens(first, maxLength);
      b = tokens(second, maxLength);
    } else if (first.length() <= second.length()) { // the whole text is one word
      a = tokenizer.encode(first);
      b = tokens(second, Math.max(maxLength, a.ids().length));
    } else {
      b = tokenizer.encode(second);
      a = tokens(first, Math.max(maxLength, b.ids().length));
    }
    int[] kept =
        TokenWindows.longestFirst(
            TokenWindows.counted(a.words(), maxLength, settings.cutLeft),
            TokenWindows.counted(b.words(), maxLength, settings.cutLeft),
            room);
    boolean fits = a.ids().length + b.ids().length <= room;
    return fits
        ? around.around(a.ids(), b.ids())
        : around.around(cut(a.ids(), kept[0]), cut(b.ids(), kept[1]));
  }

  private long[] cut(long[] ids, int length) {
    if (ids.length <= length) {
      return ids;
    }
    return settings.cutLeft
        ? Arrays.copyOfRange(ids, ids.length - length, ids.length)
        : Arrays.copyOf(ids, length);
  }

  /**
   * Returns the tokens of a text, of a long one only as many as needed and one more: it is cut
   * between words, where a token ends in any case.
   */
  private Tokens tokens(String text, int needed) {
    long size = Math.max(SHORT, (long) CHARACTERS_A_TOKEN * needed);
    while (!settings.cutLeft && size < text.length() / 2) {
      int at = boundaries.next(text, (int) size, SHORT);
      if (at < 0) {
        break;
      }
      Tokens tokens = tokenizer.encode(text.substring(0, at));
      if (tokens.ids().length > needed) { // unknown pieces side by side may become one
        return tokens;
      }
      size *= 8;
    }
    return tokenizer.encode(text);
  }

  private TokenBatch pad(Encoded[] rows) {
    int tokens = least;
    for (Encoded row : rows) {
      tokens = Math.max(tokens, row.ids().length);
    }
    tokens = (tokens + multiple - 1) / multiple * multiple;
    long[] ids = new long[rows.length * tokens];
    long[] mask = new long[ids.length];
    long[] types = new long[ids.length];
    Arrays.fill(ids, settings.pad);
    for (int r = 0; r < rows.length; r++) {
      int length = rows[r].ids().length;
      int at = r * tokens + (settings.padLeft ? tokens - length : 0);
      System.arraycopy(rows[r].ids(), 0, ids, at, length);
      System.arraycopy(rows[r].types(), 0, types, at, length);
      Arrays.fill(mask, at, at + length, 1);
    }
    return new TokenBatch(
        Tensor.of(ids, rows.length, tokens),
        Tensor.of(mask, rows.length, tokens),
        Tensor.of(types, rows.length, tokens));
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
    return new Tokenizer(
        tokenizer, aliased, vocabulary, around, boundaries, settings, maxLength, tokens, least);
  }

  /**
   * Returns the tokens of one text, whatever its length, with their places in it. Special tokens
   * that are written in the text become those tokens, as in transformers.
   *
   * @param addSpecialTokens whether the tokenizer adds its tokens around the text; false for what a
   *     chat template has rendered
   */
  public TokenizedText tokenize(String text, boolean addSpecialTokens) {
    return TextTokens.around(
        addSpecialTokens ? around : around.places(), pieces(text), null, this::name);
  }

  /**
   * Returns the ids of the tokens of one text, whatever its length: those of {@link
   * #tokenize(String, boolean)}, in less time since their places are not asked for.
   */
  public int[] ids(String text, boolean addSpecialTokens) {
    int[] ids = tokenizer.memo().ids(text);
    return addSpecialTokens
        ? Arrays.stream(around.around(Arrays.stream(ids).asLongStream().toArray(), null).ids())
            .mapToInt(Math::toIntExact)
            .toArray()
        : ids;
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
    return TextTokens.around(
        addSpecialTokens ? around : around.places(), pieces, null, this::name);
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
        addSpecialTokens ? around : around.places(), TextTokens.joined(parts), null, this::name);
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
    return new TokenCuts(around, this::name)
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
    for (Map.Entry<String, Integer> e : settings.added.entrySet()) {
      if (e.getValue() == id) {
        return e.getKey();
      }
    }
    return decode(new long[] {id}, false);
  }

  /**
   * Returns the special tokens by transformers' names, for example {@code eos_token}; empty for a
   * tokenizer that was not read from a folder.
   */
  public Map<String, String> specialTokens() {
    return settings.named;
  }

  /**
   * Returns the id of a special or added token, such as {@code <|im_end|>}; null if there is no
   * such token. Tokens of the vocabulary alone are not searched.
   */
  public @Nullable Integer id(String token) {
    return settings.added.get(token);
  }

  /** Returns the id with which batches are padded. */
  public int padId() {
    return Math.toIntExact(settings.pad);
  }

  /** Returns the texts of the special tokens among those that are found in texts literally. */
  public Set<String> specialTexts() {
    Set<String> texts = new LinkedHashSet<>();
    settings.added.forEach(
        (token, id) -> {
          if (settings.special.contains(id)) {
            texts.add(token);
          }
        });
    return texts;
  }

  /** Returns the special and added tokens with their ids: those found in texts literally. */
  public Map<String, Integer> addedTokens() {
    return settings.added;
  }

  /**
   * Returns the same tokenizer, padding batches on one side, to at least some length (transformers'
   * {@code padding_side}, and {@code padding="max_length"}). Closing one of the two closes both.
   *
   * @param left whether padding is on the left
   * @param least the smallest number of tokens of a row; 0 for none
   */
  public Tokenizer padding(boolean left, int least) {
    Settings other =
        new Settings(
            settings.pad,
            left,
            settings.cutLeft,
            settings.cleanUp,
            settings.named,
            settings.added,
            settings.special,
            settings.bytes);
    return new Tokenizer(
        tokenizer, aliased, vocabulary, around, boundaries, other, maxLength, multiple, least);
  }

  /** Returns the number of tokens of each text, without padding; empty for no texts. */
  public int[] lengths(List<String> texts) {
    return texts.stream().mapToInt(t -> encode(t).ids().length).toArray();
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
    return settings.cleanUp ? cleanUp(text) : text;
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
    return settings.bytes.contains(id);
  }

  /**
   * Returns whether {@link #decode} removes spaces before punctuation, so that a text's end may
   * change with what follows.
   */
  public boolean cleansUp() {
    return settings.cleanUp;
  }

  /**
   * Returns the same tokenizer, whose {@link #decode} keeps all spaces: its texts are what the
   * tokens say. Closing one of the two closes both.
   */
  public Tokenizer withoutCleanUp() {
    return settings.cleanUp
        ? new Tokenizer(
            tokenizer,
            aliased,
            vocabulary,
            around,
            boundaries,
            settings.cleanUp(false),
            maxLength,
            multiple,
            least)
        : this;
  }

  /**
   * Returns the bytes that each token writes in a text.
   *
   * @throws UnsupportedOperationException if they depend on the tokens around it, as in tokenizers
   *     of words
   * @throws UncheckedIOException if the file, which is read again for them, cannot be read
   */
  public TokenBytes tokenBytes() {
    return vocabulary.bytes();
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
