package dev.peft4j.generate;

import dev.peft4j.transformers.Tokenizer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A row while it is generated: its tokens, and how it goes on and ends. */
final class RowState {
  private final int index;
  private final TokenHistory history;
  private final List<LogitsProcessor> processors;
  private final Sampler sampler;
  private final List<Integer> eos;
  private final int maxLength;
  private final @Nullable TextStream stream;
  private final StringBuilder text = new StringBuilder();
  private @Nullable FinishReason reason;

  /**
   * Begins a row.
   *
   * @param index of the row in the result
   * @param maxLength the length at which it ends, padding included
   */
  RowState(
      int index,
      TokenHistory history,
      int maxLength,
      GenerationConfig config,
      Sampler sampler,
      @Nullable Tokenizer tokenizer) {
    this.index = index;
    this.history = history;
    this.eos = config.eosTokenIds();
    this.maxLength = maxLength;
    this.sampler = sampler;
    List<Integer> prompt = java.util.Arrays.stream(history.toArray()).boxed().toList();
    this.processors =
        LogitsProcessors.of(
            config,
            new LogitsProcessorKind.Row(prompt, maxLength, config.eosTokenIds(), 1, tokenizer));
    this.stream =
        tokenizer == null
            ? null
            : new TextStream(
                config.find(Constrained.CONSTRAINT) == null
                    ? tokenizer
                    : tokenizer.withoutCleanUp(),
                config.stopStrings());
  }

  TokenHistory history() {
    return history;
  }

  boolean isFinished() {
    return reason != null;
  }

  /** Chooses the next token; the scores are changed. */
  int choose(float[] scores, GenerationListener listener) {
    float[] logits = listener.wantsScores() ? scores.clone() : scores;
    for (LogitsProcessor p : processors) {
      p.process(scores, history);
    }
    if (listener.wantsScores()) {
      listener.onScores(index, logits, scores);
    }
    return sampler.choose(scores);
  }

  /** Adds a token, and ends the row if it is the last one. */
  void add(int token, GenerationListener listener) {
    history.add(token);
    listener.onToken(index, token);
    boolean ends = eos.contains(token);
    if (stream != null) {
      give(stream.add(token), listener);
      if (stream.stopped()) {
        reason = FinishReason.STOP_STRING;
      }
    }
    if (ends) {
      reason = FinishReason.EOS;
    } else if (reason == null && processors.stream().anyMatch(p -> p.ends(history))) {
      reason = FinishReason.COMPLETE;
    } else if (reason == null && history.length() >= maxLength) {
      reason = FinishReason.LENGTH;
    }
    if (reason != null) {
      end(listener);
    }
  }

  /** Ends the row if it has not ended. */
  void finish(FinishReason why, GenerationListener listener) {
    if (reason == null) {
      reason = why;
      end(listener);
    }
  }

  private void end(GenerationListener listener) {
    if (stream != null) {
      give(stream.finish(), listener);
    }
  }

  private void give(String part, GenerationListener listener) {
    if (!part.isEmpty()) {
      text.append(part);
      listener.onText(index, part);
    }
  }

  Generated result(int prompt) {
    return new Generated(
        prompt, history.toNewTokens(), text.toString(), Objects.requireNonNull(reason), 0);
  }
}
