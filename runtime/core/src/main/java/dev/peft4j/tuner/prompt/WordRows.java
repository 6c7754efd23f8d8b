package dev.peft4j.tuner.prompt;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.ModelSlots;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;

/** The values that virtual tokens start from. */
public final class WordRows {
  private WordRows() {}

  /** Returns normally distributed numbers, (tokens, width). */
  public static Parameter random(int tokens, int width, Rng rng) {
    return new Parameter(rng.normal(tokens * width, 0, 1), tokens, width);
  }

  /** Returns the embeddings of words that are drawn from the vocabulary. */
  public static Parameter drawn(ModelSlots model, int tokens, Rng rng) {
    int[] ids = new int[tokens];
    for (int i = 0; i < tokens; i++) {
      ids[i] = (int) (rng.nextDouble() * model.sizes().vocabulary());
    }
    return of(model, ids);
  }

  /** Returns the embeddings of a text's tokens, repeated or cut off. */
  public static Parameter ofText(ModelSlots model, int tokens, String tokenizer, String text) {
    int[] found = PromptTokenizer.of(tokenizer, text);
    int[] ids = new int[tokens];
    for (int i = 0; i < tokens; i++) {
      ids[i] = found[i % found.length];
    }
    return of(model, ids);
  }

  /**
   * Returns the embeddings of words.
   *
   * @throws IllegalArgumentException if the model has no word of an id
   */
  public static Parameter of(ModelSlots model, int... ids) {
    for (int id : ids) {
      if (id < 0 || id >= model.sizes().vocabulary()) {
        throw new IllegalArgumentException(
            "virtual tokens cannot start as token "
                + id
                + ": the model has tokens from 0 to "
                + (model.sizes().vocabulary() - 1));
      }
    }
    Tensor rows = model.embed(Tensor.of(ids, ids.length));
    return new Parameter(rows.toFloats(), rows.shape().toArray());
  }
}
