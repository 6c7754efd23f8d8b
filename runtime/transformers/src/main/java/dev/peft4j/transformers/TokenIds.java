package dev.peft4j.transformers;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The special tokens of a model's {@code config.json}.
 *
 * @param bos {@code bos_token_id}, the first token of a text; null for none
 * @param eos {@code eos_token_id}: tokens that end a text; empty for none
 * @param pad {@code pad_token_id}; null for none
 */
public record TokenIds(@Nullable Integer bos, List<Integer> eos, @Nullable Integer pad) {
  /** No special tokens. */
  public static final TokenIds NONE = new TokenIds(null, List.of(), null);

  /** Creates a value. */
  public TokenIds {
    eos = List.copyOf(eos);
  }
}
