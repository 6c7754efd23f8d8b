package dev.peft4j.generate;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** The settings that no processor of logits has; those of processors are in their classes. */
final class Settings {
  static final Setting<Integer> MAX_LENGTH = Setting.whole("max_length", null, 1);
  static final Setting<Integer> MAX_NEW_TOKENS = Setting.whole("max_new_tokens", null, 1);
  static final Setting<Boolean> DO_SAMPLE = Setting.flag("do_sample", false);
  static final Setting<Integer> NUM_BEAMS = Setting.whole("num_beams", 1, 1);
  static final Setting<Integer> NUM_RETURN_SEQUENCES = Setting.whole("num_return_sequences", 1, 1);
  static final Setting<Double> LENGTH_PENALTY =
      Setting.number("length_penalty", 1.0, "a number", x -> true);
  static final Setting<EarlyStopping> EARLY_STOPPING =
      new Setting<>(
          "early_stopping",
          EarlyStopping.FALSE,
          "true, false or \"never\"",
          x -> true,
          EarlyStopping::read);
  static final Setting<Boolean> USE_CACHE = Setting.flag("use_cache", true);
  static final Setting<List<String>> STOP_STRINGS = Setting.texts("stop_strings");
  static final Setting<Double> MAX_TIME =
      Setting.number("max_time", null, "a number of seconds above 0", x -> x > 0);
  static final Setting<Integer> PROMPT_LOOKUP = Setting.whole("prompt_lookup_num_tokens", null, 1);
  static final Setting<Integer> MATCHING_NGRAM = Setting.whole("max_matching_ngram_size", 2, 1);
  static final Setting<Integer> PAD = Setting.whole("pad_token_id", null, 0);
  static final Setting<Integer> BOS = Setting.whole("bos_token_id", null, 0);
  static final Setting<List<Integer>> EOS = Setting.tokens("eos_token_id");

  /** Ours, in no file: where the random numbers of a call begin. */
  static final Setting<Long> SEED =
      new Setting<>(
          "seed",
          null,
          "a whole number",
          x -> true,
          j -> j.isIntegralNumber() ? j.longValue() : null);

  private static final SequencedMap<String, Setting<?>> ALL = all();

  private Settings() {}

  private static SequencedMap<String, Setting<?>> all() {
    List<Setting<?>> all =
        new ArrayList<>(
            List.of(
                MAX_LENGTH,
                MAX_NEW_TOKENS,
                DO_SAMPLE,
                NUM_BEAMS,
                NUM_RETURN_SEQUENCES,
                LENGTH_PENALTY,
                EARLY_STOPPING,
                USE_CACHE,
                STOP_STRINGS,
                MAX_TIME,
                PROMPT_LOOKUP,
                MATCHING_NGRAM,
                PAD,
                BOS,
                EOS,
                SEED));
    LogitsProcessors.kinds().forEach(k -> all.addAll(k.settings()));
    SequencedMap<String, Setting<?>> named = new LinkedHashMap<>();
    all.forEach(s -> named.put(s.name(), s));
    return Collections.unmodifiableSequencedMap(named);
  }

  /** Returns every setting by its name. */
  static Map<String, Setting<?>> byName() {
    return ALL;
  }
}
