package dev.peft4j.samples.story;

import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderInput;
import java.util.Arrays;

/** Definitions that a model writes, the most probable token each time. */
record Definitions(CausalLm model, StoryTexts texts) {
  private static final int MOST = 24;

  /** Returns what the model writes behind {@code word:}. */
  String define(String word) {
    int[] ids = texts.begun(word + ":");
    int n = ids.length;
    int end = n + MOST;
    ids = Arrays.copyOf(ids, end);
    while (n < end) {
      // one length, so one program; no token sees those behind it
      Tensor hidden = model.hidden(DecoderInput.of(Tensor.of(ids, 1, end)));
      int next = model.logits(hidden.slice(1, n - 1, n)).reshape(1, -1).argmax()[0];
      if (texts.special().eos().contains(next)) {
        break;
      }
      ids[n++] = next;
    }
    return texts.tokenizer().decode(Arrays.stream(ids, 0, n).asLongStream().toArray()).strip();
  }
}
