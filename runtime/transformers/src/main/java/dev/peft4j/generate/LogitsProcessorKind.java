package dev.peft4j.generate;

import dev.peft4j.transformers.Tokenizer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A kind of {@link LogitsProcessor}: its settings, and its place among the others. Kinds are found
 * by {@link java.util.ServiceLoader}; each is one file.
 */
public abstract class LogitsProcessorKind {
  /**
   * The facts that a processor may know of the row that it is made for.
   *
   * @param prompt the prompt, with padding
   * @param maxLength the length at which the row ends, prompt included
   * @param eos the tokens that end it
   * @param keep the least number of tokens to keep: more than 1 where beams are sampled
   * @param tokenizer the tokenizer, or null if the generator has none
   */
  public record Row(
      List<Integer> prompt,
      int maxLength,
      List<Integer> eos,
      int keep,
      @Nullable Tokenizer tokenizer) {
    /** Describes a row of a generator without a tokenizer. */
    public Row(List<Integer> prompt, int maxLength, List<Integer> eos, int keep) {
      this(prompt, maxLength, eos, keep, null);
    }
  }

  private final int place;
  private final boolean sampling;
  private final List<Setting<?>> settings;

  /**
   * Describes a kind.
   *
   * @param place processors of a lower place come first; those of transformers are at 10 to 150,
   *     and from 200 on for sampling
   * @param sampling whether it only acts where tokens are sampled
   */
  protected LogitsProcessorKind(int place, boolean sampling, Setting<?>... settings) {
    this.place = place;
    this.sampling = sampling;
    this.settings = List.of(settings);
  }

  /** Returns its place among the others. */
  public final int place() {
    return place;
  }

  /** Returns whether it only acts where tokens are sampled. */
  public final boolean sampling() {
    return sampling;
  }

  /** Returns its settings. */
  public final List<Setting<?>> settings() {
    return settings;
  }

  /**
   * Returns the processor of a row, or null if the settings ask for none.
   *
   * @throws IllegalArgumentException if the settings do not fit each other
   */
  public abstract @Nullable LogitsProcessor create(GenerationConfig config, Row row);
}
