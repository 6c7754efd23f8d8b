package dev.peft4j.transformers;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.util.PairList;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.tensor.Tensor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Texts to token ids, as a {@code tokenizer.json} says (Hugging Face tokenizers, by way of DJL).
 * Texts are cut to a greatest length and padded to the longest of the batch; what the file itself
 * says about both is not followed. Nothing is downloaded and nobody is told. May be shared by
 * threads.
 */
public final class Tokenizer implements AutoCloseable {
  private static final String FILE = "tokenizer.json";
  private static final String OFFLINE = "ai.djl.offline";

  private final HuggingFaceTokenizer tokenizer;
  private final long pad;
  private final int multiple;

  private Tokenizer(HuggingFaceTokenizer tokenizer, long pad, int multiple) {
    this.tokenizer = tokenizer;
    this.pad = pad;
    this.multiple = multiple;
  }

  /**
   * Reads a tokenizer.
   *
   * @param path a folder with a {@code tokenizer.json}, or such a file
   * @param maxLength tokens kept of a text, those added by the tokenizer included
   * @throws FileFormatException if there is no such file or it holds no tokenizer
   */
  public static Tokenizer load(Path path, int maxLength) throws IOException {
    Path file = Files.isDirectory(path) ? path.resolve(FILE) : path;
    if (!Files.isRegularFile(file)) {
      throw new FileFormatException(
          file, Files.exists(file) ? "is no file, expected a tokenizer.json" : "does not exist");
    }
    return parse(Files.readAllBytes(file), file, maxLength);
  }

  /**
   * Reads a tokenizer from the bytes of a {@code tokenizer.json}; the stream is left open.
   *
   * @param name what messages call the stream
   * @param maxLength tokens kept of a text, those added by the tokenizer included
   * @throws FileFormatException if it holds no tokenizer
   */
  public static Tokenizer load(InputStream in, String name, int maxLength) throws IOException {
    return parse(in.readAllBytes(), Path.of(name), maxLength);
  }

  private static Tokenizer parse(byte[] json, Path file, int maxLength) throws IOException {
    if (maxLength < 1) {
      throw tooShort(maxLength, 1, "");
    }
    String length = Integer.toString(maxLength);
    Map<String, String> options =
        Map.of(
            "truncation",
            "true",
            "padding",
            "false",
            "maxLength",
            length,
            "modelMaxLength",
            length);
    long pad = TokenizerFile.padId(json, file);
    HuggingFaceTokenizer tokenizer = open(json, file, options);
    int added = tokenizer.encode("").getIds().length;
    if (added >= maxLength) {
      tokenizer.close();
      throw tooShort(
          maxLength, added + 1, " for the tokenizer adds " + added + " tokens to every text");
    }
    return new Tokenizer(tokenizer, pad, 1);
  }

  private static IllegalArgumentException tooShort(int maxLength, int least, String why) {
    return new IllegalArgumentException(
        "Tokenizer: maxLength is " + maxLength + ", must be at least " + least + why);
  }

  /**
   * DJL reports its use to its makers and looks for natives on the net, unless it is told that it
   * is offline: so it is told, for the moment. A user's own setting stands.
   */
  private static synchronized HuggingFaceTokenizer open(
      byte[] json, Path file, Map<String, String> options) throws IOException {
    String before = System.getProperty(OFFLINE);
    if (before == null) {
      System.setProperty(OFFLINE, "true");
    }
    try {
      return HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), options);
    } catch (EngineException | UnsatisfiedLinkError | ExceptionInInitializerError e) {
      throw new IOException(
          "the native library of Hugging Face tokenizers cannot be loaded: "
              + reason(e)
              + "; it is unpacked to ~/.djl.ai, or to the folder that the environment's"
              + " DJL_CACHE_DIR names, which has to be writable",
          e);
    } catch (RuntimeException e) {
      throw new FileFormatException(file, "holds no tokenizer: " + reason(e), e);
    } finally {
      if (before == null) {
        System.clearProperty(OFFLINE);
      }
    }
  }

  private static String reason(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
  }

  /**
   * The tokens of some texts.
   *
   * @throws IllegalArgumentException if there are none
   */
  public TokenBatch encode(List<String> texts) {
    requireTexts(texts);
    return pad(tokenizer.batchEncode(texts));
  }

  /**
   * The tokens of pairs of texts, the second of type 1; the longer one is cut first.
   *
   * @param second as many as {@code first}
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
    return pad(tokenizer.batchEncode(new PairList<>(first, second)));
  }

  private static void requireTexts(List<String> texts) {
    if (texts.isEmpty()) {
      throw new IllegalArgumentException("Tokenizer: the batch is empty; needed at least one text");
    }
  }

  private TokenBatch pad(Encoding[] rows) {
    int tokens = 0;
    for (Encoding row : rows) {
      tokens = Math.max(tokens, row.getIds().length);
    }
    tokens = (tokens + multiple - 1) / multiple * multiple;
    long[] ids = new long[rows.length * tokens];
    long[] mask = new long[ids.length];
    long[] types = new long[ids.length];
    for (int r = 0; r < rows.length; r++) {
      long[] own = rows[r].getIds();
      int at = r * tokens;
      System.arraycopy(own, 0, ids, at, own.length);
      System.arraycopy(rows[r].getAttentionMask(), 0, mask, at, own.length);
      System.arraycopy(rows[r].getTypeIds(), 0, types, at, own.length);
      Arrays.fill(ids, at + own.length, at + tokens, pad);
    }
    return new TokenBatch(
        Tensor.of(ids, rows.length, tokens),
        Tensor.of(mask, rows.length, tokens),
        Tensor.of(types, rows.length, tokens));
  }

  /**
   * The same tokenizer, padding batches to a multiple of {@code tokens} (transformers' {@code
   * pad_to_multiple_of}). Each length of a batch is a program of its own: with fewer lengths there
   * is less to compile, at the price of some padding. Closing one of the two closes both.
   *
   * @throws IllegalArgumentException if {@code tokens} is below 1
   */
  public Tokenizer padToMultipleOf(int tokens) {
    if (tokens < 1) {
      throw new IllegalArgumentException(
          "Tokenizer: cannot pad to a multiple of " + tokens + ", must be at least 1");
    }
    return new Tokenizer(tokenizer, pad, tokens);
  }

  /** How many tokens each text has, without padding; none for no texts. */
  public int[] lengths(List<String> texts) {
    if (texts.isEmpty()) {
      return new int[0];
    }
    return Arrays.stream(tokenizer.batchEncode(texts)).mapToInt(e -> e.getIds().length).toArray();
  }

  /** The text of some tokens, without those that the tokenizer adds. */
  public String decode(long... ids) {
    return tokenizer.decode(ids, true);
  }

  /** Frees the native memory now instead of when this is no longer reachable. */
  @Override
  public void close() {
    tokenizer.close();
  }
}
