package dev.peft4j.generate;

import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.tuner.AdapterSet;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A series of calls of a generator that go on from one another, such as the turns of a
 * conversation: what a prompt has in common with what was read and written before is not computed
 * again. Results are those of a call by itself.
 *
 * <p>Keys and values belong to the adapters and weights that made them. A session begins anew when
 * another adapter acts; after training, or for adapters that only a call around it chooses, {@link
 * #clear} it. It is for one thread at a time.
 */
public final class GenerationSession {
  private final Generator generator;
  private @Nullable CachedDecoder decoder;
  private @Nullable Object adapters;

  /** The tokens of which the cache has keys and values, and perhaps some behind them. */
  private int[] tokens = {};

  private int reused;

  /** Begins a session without text. */
  public GenerationSession(Generator generator) {
    this.generator = generator;
  }

  /** Returns the generator. */
  public Generator generator() {
    return generator;
  }

  /**
   * Continues a prompt: the whole text so far, not only what is new in it.
   *
   * @throws IllegalArgumentException as {@link Generator#run} does, and if the settings ask for
   *     beams or several sequences, which do not go on from one another
   */
  public GenerationResult generate(GenerationRequest request, GenerationListener listener) {
    if (request.config().numBeams() > 1 || request.config().numReturnSequences() > 1) {
      throw new IllegalArgumentException(
          "a session goes on with one sequence: num_beams and num_return_sequences must be 1");
    }
    reused = 0;
    GenerationResult result;
    try {
      result = new GenerationCall(generator, List.of(request), listener, this).run();
    } catch (RuntimeException | Error e) {
      clear(); // the cache may have a part of the tokens
      throw e;
    }
    int[] prompt = request.prompt();
    int[] made = result.rows().getFirst().tokens();
    tokens = Arrays.copyOf(prompt, prompt.length + made.length);
    System.arraycopy(made, 0, tokens, prompt.length, made.length);
    return result;
  }

  /** Returns the decoder for a request, whose cache has the beginning that can be reused. */
  CachedDecoder decoder(GenerationRequest request, int maxLength) {
    int[] prompt = request.prompt();
    Object acting = acting(request);
    CachedDecoder d = decoder;
    int fixed = generator.model().cacheFixedUpTo();
    boolean goesOn =
        d != null
            && acting.equals(adapters)
            && d.cache().limit() >= maxLength
            && Math.max(d.cache().length(0), prompt.length) <= fixed;
    if (d == null || !goesOn) {
      int limit = Math.max(maxLength, generator.model().positions());
      d = new CachedDecoder(generator.model(), new KeyValueCache(1, limit));
      decoder = d;
      adapters = acting;
      tokens = new int[0];
    }
    int common = Arrays.mismatch(prompt, tokens);
    common = common < 0 ? prompt.length : common;
    // the last token is read again: its scores are those of the next one
    reused = Math.min(Math.min(common, prompt.length - 1), d.cache().length(0));
    d.cache().truncate(0, reused);
    return d;
  }

  /** Returns the tokens of a prompt that the cache does not have. */
  int[] missing(int[] prompt) {
    return Arrays.copyOfRange(prompt, reused, prompt.length);
  }

  private Object acting(GenerationRequest request) {
    String named = request.adapter();
    AdapterSet all = generator.adapters();
    return named != null ? List.of(named) : all == null ? List.of() : all.active();
  }

  /** Returns how many tokens of the last prompt were not computed again. */
  public int reused() {
    return reused;
  }

  /** Returns how many tokens the cache has. */
  public int length() {
    CachedDecoder d = decoder;
    return d == null ? 0 : d.cache().length(0);
  }

  /** Returns the bytes that keys and values take. */
  public long bytes() {
    CachedDecoder d = decoder;
    return d == null ? 0 : d.cache().bytes();
  }

  /** Forgets all tokens, and gives the memory back. */
  public void clear() {
    decoder = null;
    tokens = new int[0];
    reused = 0;
  }
}
