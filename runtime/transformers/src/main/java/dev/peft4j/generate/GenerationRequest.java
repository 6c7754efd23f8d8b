package dev.peft4j.generate;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A row of a batch: a prompt, and how it is to be continued.
 *
 * @param prompt token ids, without padding
 * @param config the row's own settings
 * @param adapter the adapter that acts on this row; null for those that are active around the call
 */
public record GenerationRequest(int[] prompt, GenerationConfig config, @Nullable String adapter) {
  /** Copies the prompt. */
  public GenerationRequest {
    prompt = prompt.clone();
  }

  @Override
  public int[] prompt() {
    return prompt.clone();
  }

  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof GenerationRequest r
        && Arrays.equals(prompt, r.prompt)
        && config.equals(r.config)
        && Objects.equals(adapter, r.adapter);
  }

  @Override
  public int hashCode() {
    return Objects.hash(Arrays.hashCode(prompt), config, adapter);
  }

  @Override
  public String toString() {
    return "GenerationRequest[" + prompt.length + " tokens, " + config + ", " + adapter + "]";
  }
}
