package dev.peft4j.transformers;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The native library of Hugging Face tokenizers, by way of DJL: text to ids and back. It is used
 * for nothing else, and with one text at a time: if a text cannot be encoded it throws, but with
 * several texts it ends the process.
 */
final class NativeTokenizer implements AutoCloseable {
  private static final String OFFLINE = "ai.djl.offline";

  private static final Cleaner CLEANER = Cleaner.create();

  /**
   * The largest number of characters that are encoded at once; each takes a few hundred bytes
   * meanwhile.
   */
  private static final double MAX_CHARACTERS = 4e6;

  /**
   * The same limit for patterns that backtrack over the text, which may happen ten million times.
   */
  private static final double MAX_RETRIED = 3e6;

  private static final double MAX_DECODED = 256e6;

  /** The growth of a text that is ignored. */
  private static final double USUAL_GROWTH = 4;

  private static boolean loaded;

  private final Handle handle;
  private final Cleaner.Cleanable cleanable;
  private final Map<Integer, String> normalized;
  private final Set<Integer> special;
  private final TokenMemo memo;
  private final double most;
  private final double decodedLength;

  private NativeTokenizer(Handle handle, TokenizerFile file, Map<Integer, String> normalized) {
    this.handle = handle;
    this.normalized = normalized;
    this.special = normalized.isEmpty() ? Set.of() : file.special();
    this.cleanable = CLEANER.register(this, handle);
    this.memo = new TokenMemo(this::ids, file.boundaries());
    this.most =
        (file.retries() ? MAX_RETRIED : MAX_CHARACTERS) / Math.max(1, file.growth() / USUAL_GROWTH);
    this.decodedLength = file.decodedLength();
  }

  /**
   * Creates a tokenizer.
   *
   * @param file the definition of the tokenizer
   * @param path for messages
   */
  static NativeTokenizer open(TokenizerFile file, Path path) throws IOException {
    Map<Integer, String> normalized = normalized(file, path);
    return new NativeTokenizer(
        open(file.checked(), path), file, file.joins() ? normalized : Map.of());
  }

  /** Creates a tokenizer that differs from the file's; it is not for decoding. */
  static NativeTokenizer open(TokenizerFile file, String json, Path path) throws IOException {
    return new NativeTokenizer(open(json, path), file, Map.of());
  }

  /** Returns the texts of the added tokens that are found in the normalized text, by their ids. */
  private static Map<Integer, String> normalized(TokenizerFile file, Path path) throws IOException {
    Map<Integer, String> texts = new HashMap<>();
    if (file.normalizedTokens().isEmpty()) {
      return texts;
    }
    try (NativeTokenizer probe = new NativeTokenizer(open(file.probe(), path), file, Map.of())) {
      for (String token : file.normalizedTokens()) {
        long[] bytes = probe.encode(token).ids();
        if (bytes.length == 0) {
          throw new FileFormatException(
              path,
              "added_tokens has '"
                  + JsonPart.shortened(token)
                  + "', of which the normalizer leaves nothing");
        }
        byte[] utf8 = new byte[bytes.length];
        for (int i = 0; i < utf8.length; i++) {
          utf8[i] = (byte) bytes[i];
        }
        Integer id = file.id(token);
        String text = new String(utf8, StandardCharsets.UTF_8);
        if (id != null && !text.equals(token)) {
          texts.put(id, text);
        }
      }
    }
    return texts;
  }

  /** The library's number for a tokenizer; 0 once that is freed. */
  private record Handle(AtomicLong number) implements Runnable {
    long get() {
      long n = number.get();
      if (n == 0) {
        throw new IllegalStateException("the tokenizer is closed");
      }
      return n;
    }

    @Override
    public void run() {
      long n = number.getAndSet(0);
      if (n != 0) {
        TokenizersLibrary.LIB.deleteTokenizer(n);
      }
    }
  }

  /** Creates the library's tokenizer, without its own truncation and padding. */
  private static Handle open(String json, Path file) throws IOException {
    try {
      TokenizersLibrary library = library();
      long n = library.createTokenizerFromString(json);
      library.disableTruncation(n);
      library.disablePadding(n);
      return new Handle(new AtomicLong(n));
    } catch (EngineException | UnsatisfiedLinkError | ExceptionInInitializerError e) {
      throw new IOException(
          "the native library of Hugging Face tokenizers cannot be loaded: "
              + reason(e)
              + "; it is unpacked to ~/.djl.ai, or to the folder that the environment's"
              + " DJL_CACHE_DIR names, which has to be writable",
          e);
    } catch (RuntimeException e) {
      throw new FileFormatException(file, "holds no tokenizer: " + reason(e), e);
    }
  }

  /**
   * Returns the library. While it is loaded, once in a JVM, DJL is in offline mode: on a machine
   * with CUDA it would download another build of it. There is no other way to say so; a user's own
   * setting stands. DJL's own classes for tokenizers are not used, as they report their use to its
   * makers.
   */
  private static synchronized TokenizersLibrary library() {
    if (!loaded) {
      String before = System.getProperty(OFFLINE);
      if (before == null) {
        System.setProperty(OFFLINE, "true");
      }
      try {
        LibUtils.checkStatus();
        loaded = true;
      } finally {
        if (before == null) {
          System.clearProperty(OFFLINE);
        }
      }
    }
    return TokenizersLibrary.LIB;
  }

  private static String reason(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
  }

  /**
   * The tokens of a text.
   *
   * @param ids their ids, without those added around the text
   * @param words for each of them, the index of its word
   */
  record Tokens(long[] ids, long[] words) {}

  /**
   * Returns the tokens of a text.
   *
   * @throws IllegalArgumentException if it is too long to be encoded at once
   */
  Tokens encode(String text) {
    requireShort(text);
    TokenizersLibrary library = TokenizersLibrary.LIB;
    long encoding = library.encode(handle.get(), text, false);
    Reference.reachabilityFence(this);
    try {
      return new Tokens(library.getTokenIds(encoding), library.getWordIds(encoding));
    } finally {
      library.deleteEncoding(encoding);
    }
  }

  /** Returns what remembers the tokens of words. */
  TokenMemo memo() {
    return memo;
  }

  /** Returns the ids of a text's tokens alone. */
  private long[] ids(String text) {
    requireShort(text);
    TokenizersLibrary library = TokenizersLibrary.LIB;
    long encoding = library.encode(handle.get(), text, false);
    Reference.reachabilityFence(this);
    try {
      return library.getTokenIds(encoding);
    } finally {
      library.deleteEncoding(encoding);
    }
  }

  private void requireShort(String text) {
    if (text.length() > most) {
      throw new IllegalArgumentException(
          String.format(
              "Tokenizer: a text of %,d characters; at most %,.0f are encoded at once, cut it"
                  + " into pieces",
              text.length(), most));
    }
  }

  /** Returns the tokens of a text with their places, in code points as the library counts them. */
  Pieces pieces(String text) {
    requireShort(text);
    TokenizersLibrary library = TokenizersLibrary.LIB;
    long encoding = library.encode(handle.get(), text, false);
    Reference.reachabilityFence(this);
    try {
      return new Pieces(
          library.getTokenIds(encoding),
          library.getTokens(encoding),
          library.getTokenCharSpans(encoding),
          library.getWordIds(encoding));
    } finally {
      library.deleteEncoding(encoding);
    }
  }

  /** Ids, texts and places of tokens; a place may be null. */
  record Pieces(long[] ids, String[] texts, @Nullable CharSpan[] places, long[] words) {}

  /** Returns the text of some ids, with or without special tokens; unknown ids are ignored. */
  String decode(long[] ids, boolean skipSpecialTokens) {
    if (ids.length * decodedLength > MAX_DECODED) {
      throw new IllegalArgumentException(
          "Tokenizer: the text of " + ids.length + " tokens may be too long, decode fewer at once");
    }
    StringBuilder text = new StringBuilder();
    int from = 0;
    for (int i = 0; i < ids.length && !normalized.isEmpty(); i++) {
      String own = normalized.get((int) ids[i]);
      if (own != null) { // as release 0.23 decodes them: the text that was found
        text.append(part(Arrays.copyOfRange(ids, from, i), skipSpecialTokens));
        text.append(skipSpecialTokens && special.contains((int) ids[i]) ? "" : own);
        from = i + 1;
      }
    }
    return text.append(part(Arrays.copyOfRange(ids, from, ids.length), skipSpecialTokens))
        .toString();
  }

  private String part(long[] ids, boolean skipSpecialTokens) {
    String text = TokenizersLibrary.LIB.decode(handle.get(), ids, skipSpecialTokens);
    Reference.reachabilityFence(this);
    return text;
  }

  @Override
  public void close() {
    cleanable.clean();
  }
}
