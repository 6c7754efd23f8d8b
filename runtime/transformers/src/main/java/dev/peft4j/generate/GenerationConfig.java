package dev.peft4j.generate;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The settings of generation: those of {@code generation_config.json}, with transformers' names and
 * defaults.
 *
 * <pre>{@code
 * var config = GenerationConfig.builder().maxNewTokens(100).temperature(0.7).topP(0.9).seed(1).build();
 * }</pre>
 */
public final class GenerationConfig {
  /** New tokens where no length is set, as in transformers. */
  public static final int DEFAULT_NEW_TOKENS = 20;

  private final Map<Setting<?>, Object> values;
  private final List<LogitsProcessor> processors;

  GenerationConfig(Map<Setting<?>, Object> values, List<LogitsProcessor> processors) {
    this.values = new LinkedHashMap<>(values);
    this.processors = List.copyOf(processors);
  }

  /** Returns a builder of settings, all at their defaults. */
  public static GenerationConfigBuilder builder() {
    return new GenerationConfigBuilder(Map.of(), List.of());
  }

  /**
   * Reads {@code generation_config.json} of a model's folder, and what it lacks of {@code
   * config.json}; settings that are in neither file have their defaults.
   *
   * @throws dev.peft4j.io.FileFormatException if a setting has a value that it cannot have
   * @throws dev.peft4j.io.UnsupportedSettingException if one changes results in a way that is not
   *     built
   */
  public static GenerationConfig read(Path folder) throws IOException {
    return GenerationConfigFile.read(folder);
  }

  /** Returns a builder that begins with these settings. */
  public GenerationConfigBuilder toBuilder() {
    return new GenerationConfigBuilder(values, processors);
  }

  /** Returns the value of a setting, which may be none. */
  @SuppressWarnings("unchecked") // a value is stored under the setting of its type
  public <T> @Nullable T find(Setting<T> setting) {
    Object value = values.get(setting);
    return value == null ? setting.missing() : (T) value;
  }

  /**
   * Returns the value of a setting that always has one.
   *
   * @throws NullPointerException if there is none
   */
  public <T> T get(Setting<T> setting) {
    return Objects.requireNonNull(find(setting), setting.name());
  }

  /** Returns whether a setting was set, to its default perhaps. */
  public boolean isSet(Setting<?> setting) {
    return values.containsKey(setting);
  }

  /** Returns whether tokens are sampled; otherwise the most probable one is taken. */
  public boolean doSample() {
    return get(Settings.DO_SAMPLE);
  }

  /** Returns the number of beams; 1 for none. */
  public int numBeams() {
    return get(Settings.NUM_BEAMS);
  }

  /** Returns the number of sequences for each prompt. */
  public int numReturnSequences() {
    return get(Settings.NUM_RETURN_SEQUENCES);
  }

  /** Returns the largest number of new tokens, or null if it is not set. */
  public @Nullable Integer maxNewTokens() {
    return find(Settings.MAX_NEW_TOKENS);
  }

  /** Returns the tokens that end a row. */
  public List<Integer> eosTokenIds() {
    List<Integer> eos = find(Settings.EOS);
    return eos == null ? List.of() : eos;
  }

  /** Returns the token of padding: the first that ends a row if none is set, or null. */
  public @Nullable Integer padTokenId() {
    Integer pad = find(Settings.PAD);
    return pad != null ? pad : eosTokenIds().isEmpty() ? null : eosTokenIds().getFirst();
  }

  /** Returns the texts at which a row ends. */
  public List<String> stopStrings() {
    List<String> texts = find(Settings.STOP_STRINGS);
    return texts == null ? List.of() : texts;
  }

  /** Returns where the random numbers begin, or null for a new place in each call. */
  public @Nullable Long seed() {
    return find(Settings.SEED);
  }

  /** Returns the processors of the caller. */
  public List<LogitsProcessor> processors() {
    return processors;
  }

  /**
   * Returns the length at which a row ends, prompt and padding included: transformers' rule. New
   * tokens come first, then {@code max_length}, then 20 new tokens.
   *
   * @param promptLength with padding
   * @param positions the most that the model knows
   */
  public int maxLength(int promptLength, int positions) {
    Integer fresh = maxNewTokens();
    if (fresh != null) {
      return Math.addExact(promptLength, fresh);
    }
    Integer length = find(Settings.MAX_LENGTH);
    return length != null ? length : Math.min(promptLength + DEFAULT_NEW_TOKENS, positions);
  }

  /** Returns the settings that were set. */
  Map<Setting<?>, Object> values() {
    return values;
  }

  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof GenerationConfig c
        && values.equals(c.values)
        && processors.equals(c.processors);
  }

  @Override
  public int hashCode() {
    return Objects.hash(values, processors);
  }

  @Override
  public String toString() {
    return "GenerationConfig" + values;
  }
}
