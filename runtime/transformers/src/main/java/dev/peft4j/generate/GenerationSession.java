package dev.peft4j.generate;

import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.HasSlots;
import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.Overlay;
import dev.peft4j.nn.OverlaySource;
import dev.peft4j.nn.Overlays;
import dev.peft4j.tuner.AdapterSet;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A series of calls of a generator that go on from one another, such as the turns of a
 * conversation: what a prompt has in common with what was read and written before is not computed
 * again. Results are those of a call by itself.
 *
 * <p>Keys and values belong to the adapters and weights that made them. A session begins anew when
 * other adapters act or a weight has changed. It is for one thread at a time.
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
    CachedDecoder d = goesOn(prompt, acting) ? decoder : null;
    if (d == null || d.cache().limit() < maxLength) {
      int limit = Math.max(maxLength, generator.model().positions());
      d = new CachedDecoder(generator.model(), new KeyValueCache(1, limit));
      decoder = d;
      adapters = acting;
      tokens = new int[0];
    }
    reused = common(d, prompt);
    d.cache().truncate(0, reused);
    return d;
  }

  /** Returns whether keys and values that there are would be the same for a prompt. */
  private boolean goesOn(int[] prompt, Object acting) {
    CachedDecoder d = decoder;
    return d != null
        && acting.equals(adapters)
        && Math.max(d.cache().length(0), prompt.length) <= generator.model().cacheFixedUpTo()
        && d.cache().isCurrent();
  }

  private int common(CachedDecoder d, int[] prompt) {
    int common = Arrays.mismatch(prompt, tokens);
    common = common < 0 ? prompt.length : common;
    // the last token is read again: its scores are those of the next one
    return Math.min(Math.min(common, prompt.length - 1), d.cache().length(0));
  }

  /** Returns how many tokens of a request would not be computed again. */
  int common(GenerationRequest request) {
    CachedDecoder d = decoder;
    int[] prompt = request.prompt();
    return d == null || prompt.length == 0 || !goesOn(prompt, acting(request))
        ? 0
        : common(d, prompt);
  }

  /** Returns a session of its own that has the first tokens of this one. */
  GenerationSession branch(int length) {
    GenerationSession other = new GenerationSession(generator);
    CachedDecoder d = decoder;
    if (d != null && length > 0) {
      CachedDecoder copy = d.select(0);
      copy.cache().truncate(0, length);
      other.decoder = copy;
      other.adapters = adapters;
      other.tokens = Arrays.copyOf(tokens, length);
    }
    return other;
  }

  /** Returns the tokens of a prompt that the cache does not have. */
  int[] missing(int[] prompt) {
    return Arrays.copyOfRange(prompt, reused, prompt.length);
  }

  /** What tells the adapters that act on a request from others, of the same name too. */
  private Object acting(GenerationRequest request) {
    AdapterSet all = generator.adapters();
    String name = request.adapter();
    if (all == null) {
      return keys();
    }
    List<String> one = name == null || name.equals(AdapterSet.BASE) ? List.of() : List.of(name);
    return name == null ? all.call(this::keys) : all.with(one, this::keys);
  }

  /** The adapters that act here, of each adapted model that the decoder is a base of. */
  private Map<OverlaySource, Object> keys() {
    Map<OverlaySource, Object> keys = new HashMap<>();
    for (NamedModule m : generator.model().module().namedModules()) {
      if (m.module() instanceof Adaptable layer) {
        note(layer, keys);
      }
      if (m.module() instanceof HasSlots decoder) {
        decoder.slots().all().forEach(slot -> note(slot, keys));
      }
    }
    return keys;
  }

  private static void note(Adaptable layer, Map<OverlaySource, Object> keys) {
    layer.slot().sources().forEach(s -> keys.computeIfAbsent(s, GenerationSession::key));
  }

  private static Object key(OverlaySource source) {
    Overlay chosen = Overlays.chosen(source);
    Overlay acting = chosen == null ? source.standard() : chosen;
    Object key = acting == null ? null : acting.key();
    return key == null ? List.of() : key;
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
