package dev.peft4j.generate;

import dev.peft4j.constraint.Constraint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A builder of {@link GenerationConfig}. Whoever sets how to sample (a temperature, top-k, ...)
 * wants to sample: {@code do_sample} is on then, unless it is set too.
 */
public final class GenerationConfigBuilder {
  private final Map<Setting<?>, Object> values;
  private final List<LogitsProcessor> processors;
  private boolean samples;
  private boolean saysSo;

  GenerationConfigBuilder(Map<Setting<?>, Object> values, List<LogitsProcessor> processors) {
    this.values = new LinkedHashMap<>(values);
    this.processors = new ArrayList<>(processors);
  }

  /**
   * Sets a setting, those of processors in other jars too; null takes it back to its default.
   *
   * @throws IllegalArgumentException if it cannot have the value
   */
  public <T> GenerationConfigBuilder set(Setting<T> setting, @Nullable T value) {
    if (value == null) {
      values.remove(setting);
    } else {
      values.put(setting, setting.require(value));
    }
    return this;
  }

  /**
   * Sets what a JSON object says, under the names of {@code generation_config.json}: {@code
   * {"temperature": 0.7, "stop_strings": ["\n"]}}. Nothing else is set: {@code do_sample} has to be
   * in it.
   *
   * @throws IllegalArgumentException if it is not an object, has a name that does not exist, or a
   *     setting cannot have its value
   */
  public GenerationConfigBuilder json(String object) {
    GenerationConfigFile.parse(object, values);
    return this;
  }

  private <T> GenerationConfigBuilder sampling(Setting<T> setting, T value) {
    samples = true;
    return set(setting, value);
  }

  /** Returns whether a largest length, or number of new tokens, is set. */
  public boolean setsLength() {
    return values.containsKey(Settings.MAX_NEW_TOKENS) || values.containsKey(Settings.MAX_LENGTH);
  }

  /** Sets the largest number of new tokens. */
  public GenerationConfigBuilder maxNewTokens(int n) {
    return set(Settings.MAX_NEW_TOKENS, n);
  }

  /** Sets the largest length, prompt included; {@link #maxNewTokens} comes first. */
  public GenerationConfigBuilder maxLength(int n) {
    return set(Settings.MAX_LENGTH, n);
  }

  /** Sets the least number of new tokens: none that ends the text is taken before. */
  public GenerationConfigBuilder minNewTokens(int n) {
    return set(MinNewTokens.MIN_NEW_TOKENS, n);
  }

  /** Sets the least length, prompt included. */
  public GenerationConfigBuilder minLength(int n) {
    return set(MinLength.MIN_LENGTH, n);
  }

  /** Sets the longest time of a call in seconds; what there is then is the result. */
  public GenerationConfigBuilder maxTime(double seconds) {
    return set(Settings.MAX_TIME, seconds);
  }

  /** Sets whether tokens are sampled; otherwise the most probable one is taken. */
  public GenerationConfigBuilder doSample(boolean on) {
    saysSo = true;
    return set(Settings.DO_SAMPLE, on);
  }

  /**
   * Sets by what scores are divided before sampling: below 1 for safer text, above for more varied
   * text.
   */
  public GenerationConfigBuilder temperature(double temperature) {
    return sampling(Temperature.TEMPERATURE, temperature);
  }

  /** Sets how many of the most probable tokens are kept; 0 for all. */
  public GenerationConfigBuilder topK(int k) {
    return sampling(TopK.TOP_K, k);
  }

  /** Sets the probability that the most probable tokens, which are kept, have together. */
  public GenerationConfigBuilder topP(double p) {
    return sampling(TopP.TOP_P, p);
  }

  /** Sets the least probability of a token that is kept, as a share of the largest one. */
  public GenerationConfigBuilder minP(double p) {
    return sampling(MinP.MIN_P, p);
  }

  /** Sets the share of the entropy that the tokens which are kept have together. */
  public GenerationConfigBuilder topH(double h) {
    return sampling(TopH.TOP_H, h);
  }

  /** Sets the probability that the most typical tokens, which are kept, have together. */
  public GenerationConfigBuilder typicalP(double p) {
    return sampling(Typical.TYPICAL_P, p);
  }

  /** Sets the least probability of a token that is kept. */
  public GenerationConfigBuilder epsilonCutoff(double epsilon) {
    return sampling(Epsilon.EPSILON_CUTOFF, epsilon);
  }

  /** Sets the least probability of a token that is kept; it falls with the entropy. */
  public GenerationConfigBuilder etaCutoff(double eta) {
    return sampling(Eta.ETA_CUTOFF, eta);
  }

  /** Sets where the random numbers of a call begin: the same seed gives the same text. */
  public GenerationConfigBuilder seed(long seed) {
    return set(Settings.SEED, seed);
  }

  /** Sets by what scores of tokens that occur already are divided; above 1 for less repetition. */
  public GenerationConfigBuilder repetitionPenalty(double penalty) {
    return set(RepetitionPenalty.REPETITION_PENALTY, penalty);
  }

  /** Sets the reward of tokens of the prompt: above 1 for text that stays with it. */
  public GenerationConfigBuilder encoderRepetitionPenalty(double penalty) {
    return set(PromptRepetitionPenalty.ENCODER_REPETITION_PENALTY, penalty);
  }

  /** Sets the length of sequences of tokens that may occur only once; 0 for none. */
  public GenerationConfigBuilder noRepeatNgramSize(int n) {
    return set(NoRepeatNgram.NO_REPEAT_NGRAM_SIZE, n);
  }

  /** Sets the length of sequences of the prompt's tokens that may not occur again; 0 for none. */
  public GenerationConfigBuilder encoderNoRepeatNgramSize(int n) {
    return set(NoPromptNgram.ENCODER_NO_REPEAT_NGRAM_SIZE, n);
  }

  /** Sets sequences of tokens that may not occur. */
  public GenerationConfigBuilder badWordsIds(List<List<Integer>> sequences) {
    return set(BadWords.BAD_WORDS_IDS, List.copyOf(sequences));
  }

  /**
   * Sets what is added to the score of the last token of sequences where the others stand before.
   */
  public GenerationConfigBuilder sequenceBias(List<SequenceBias.Bias> biases) {
    return set(SequenceBias.SEQUENCE_BIAS, List.copyOf(biases));
  }

  /** Sets the only token that may follow a prompt of one token. */
  public GenerationConfigBuilder forcedBosTokenId(int id) {
    return set(ForcedBos.FORCED_BOS_TOKEN_ID, id);
  }

  /** Sets the tokens of which the last one at the largest length must be one. */
  public GenerationConfigBuilder forcedEosTokenId(int... ids) {
    return set(ForcedEos.FORCED_EOS_TOKEN_ID, boxed(ids));
  }

  /** Sets whether scores that are not finite are replaced by the largest and smallest numbers. */
  public GenerationConfigBuilder removeInvalidValues(boolean on) {
    return set(RemoveInvalid.REMOVE_INVALID_VALUES, on);
  }

  /**
   * Sets from how many new tokens on an end becomes more probable, and by what factor from token to
   * token.
   */
  public GenerationConfigBuilder exponentialDecayLengthPenalty(int start, double factor) {
    return set(ExponentialDecay.LENGTH_PENALTY, new ExponentialDecay.Decay(start, factor));
  }

  /** Sets tokens that may not occur. */
  public GenerationConfigBuilder suppressTokens(int... ids) {
    return set(SuppressTokens.SUPPRESS_TOKENS, boxed(ids));
  }

  /** Sets tokens that the first new one may not be. */
  public GenerationConfigBuilder beginSuppressTokens(int... ids) {
    return set(SuppressAtBegin.BEGIN_SUPPRESS_TOKENS, boxed(ids));
  }

  /** Sets whether the scores are made log-probabilities at the end. */
  public GenerationConfigBuilder renormalizeLogits(boolean on) {
    return set(Renormalize.RENORMALIZE_LOGITS, on);
  }

  /** Sets the number of beams; 1 for none. */
  public GenerationConfigBuilder numBeams(int n) {
    return set(Settings.NUM_BEAMS, n);
  }

  /** Sets the number of sequences for each prompt, at most the number of beams. */
  public GenerationConfigBuilder numReturnSequences(int n) {
    return set(Settings.NUM_RETURN_SEQUENCES, n);
  }

  /** Sets the power of the length by which scores of beams are divided: above 0 for longer ones. */
  public GenerationConfigBuilder lengthPenalty(double power) {
    return set(Settings.LENGTH_PENALTY, power);
  }

  /** Sets when beam search ends. */
  public GenerationConfigBuilder earlyStopping(EarlyStopping when) {
    return set(Settings.EARLY_STOPPING, when);
  }

  /**
   * Sets how many tokens that followed the same tokens before are tried at once. The text is the
   * same, sooner where it repeats what was there.
   */
  public GenerationConfigBuilder promptLookup(int tokens) {
    return set(Settings.PROMPT_LOOKUP, tokens);
  }

  /**
   * Sets whether keys and values of earlier tokens are kept; without, each token is a whole pass.
   */
  public GenerationConfigBuilder useCache(boolean on) {
    return set(Settings.USE_CACHE, on);
  }

  /** Sets texts at which a row ends; they are part of the result. */
  public GenerationConfigBuilder stopStrings(String... texts) {
    return set(Settings.STOP_STRINGS, List.of(texts));
  }

  /** Sets the tokens that end a row; none for a row that only its length ends. */
  public GenerationConfigBuilder eosTokenId(int... ids) {
    return set(Settings.EOS, boxed(ids));
  }

  /** Sets the token of padding. */
  public GenerationConfigBuilder padTokenId(int id) {
    return set(Settings.PAD, id);
  }

  /**
   * Sets a rule that the new text keeps, such as a JSON Schema. The text ends where it is complete;
   * if its largest length or time ends it before, the {@link FinishReason} says so.
   */
  public GenerationConfigBuilder constraint(@Nullable Constraint constraint) {
    return set(Constrained.CONSTRAINT, constraint);
  }

  /**
   * Sets whether a text with a constraint is completed before it reaches its largest length, as far
   * as that can be, which is so unless it is set.
   */
  public GenerationConfigBuilder closeInTime(boolean on) {
    return set(Constrained.CLOSE_IN_TIME, on);
  }

  /** Adds a processor of the caller's, which acts before those of sampling. */
  public GenerationConfigBuilder processor(LogitsProcessor processor) {
    processors.add(processor);
    return this;
  }

  private static List<Integer> boxed(int... ids) {
    return Arrays.stream(ids).boxed().toList();
  }

  /** Returns the settings. */
  public GenerationConfig build() {
    if (samples && !saysSo) {
      values.put(Settings.DO_SAMPLE, true);
    }
    return new GenerationConfig(values, processors);
  }
}
