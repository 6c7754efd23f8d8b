package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * Sequences of tokens that may not occur: the last one is excluded where the others stand before
 * it.
 */
@AutoService(LogitsProcessorKind.class)
public final class BadWords extends LogitsProcessorKind {
  /** The sequences; those of a single token that ends the text do not count. */
  public static final Setting<List<List<Integer>>> BAD_WORDS_IDS =
      Setting.sequences("bad_words_ids");

  /** Describes the kind. */
  public BadWords() {
    super(60, false, BAD_WORDS_IDS);
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    List<List<Integer>> words = config.find(BAD_WORDS_IDS);
    if (words == null) {
      return null;
    }
    SequencedMap<List<Integer>, Float> biases = new LinkedHashMap<>();
    for (List<Integer> ids : words) {
      if (ids.size() > 1 || !row.eos().contains(ids.getFirst())) {
        biases.put(ids, Float.NEGATIVE_INFINITY);
      }
    }
    return SequenceBias.of("bad_words_ids", biases);
  }
}
