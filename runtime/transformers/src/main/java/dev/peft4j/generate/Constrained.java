package dev.peft4j.generate;

import com.google.auto.service.AutoService;
import dev.peft4j.constraint.Constraint;
import dev.peft4j.constraint.TokenMasks;
import dev.peft4j.transformers.Tokenizer;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Constraint} on the new text. A token that ends texts is possible only where the text is
 * complete; near the largest length, only tokens with which it can be completed in time.
 */
@AutoService(LogitsProcessorKind.class)
public final class Constrained extends LogitsProcessorKind {
  /** The constraint; in no file. */
  public static final Setting<Constraint> CONSTRAINT =
      new Setting<>("constraint", null, "a constraint of the program's", x -> true, j -> null);

  /** Whether texts are completed before they reach the largest length, as far as they can be. */
  public static final Setting<Boolean> CLOSE_IN_TIME =
      Setting.flag("constraint_close_in_time", true);

  /** Describes the kind. */
  public Constrained() {
    super(190, false, CONSTRAINT, CLOSE_IN_TIME); // the last before sampling: nothing overrules it
  }

  @Override
  public @Nullable LogitsProcessor create(GenerationConfig config, Row row) {
    Constraint constraint = config.find(CONSTRAINT);
    if (constraint == null) {
      return null;
    }
    Tokenizer tokenizer = row.tokenizer();
    if (tokenizer == null) {
      throw new IllegalArgumentException(
          "a constraint needs a tokenizer: give the generator one by with(tokenizer)");
    }
    TokenMasks masks;
    try {
      masks = constraint.over(tokenizer.tokenBytes());
    } catch (UnsupportedOperationException e) {
      throw new IllegalArgumentException(
          "a constraint does not go with this tokenizer: " + e.getMessage(), e);
    }
    return new Processor(masks, row, config.get(CLOSE_IN_TIME));
  }

  private record Processor(TokenMasks masks, Row row, boolean closes) implements LogitsProcessor {
    @Override
    public void process(float[] scores, TokenHistory history) {
      TokenMasks.Place place = place(history);
      if (place == null) {
        return; // the row has ended
      }
      List<Integer> eos = row.eos();
      int left = row.maxLength() - history.length() - (eos.isEmpty() ? 0 : 1);
      BitSet allowed = closes && left > 0 ? masks.allowed(place, left) : masks.allowed(place);
      BitSet all = (BitSet) allowed.clone();
      if (place.isComplete()) {
        eos.forEach(all::set);
      }
      boolean any = false; // whether the other processors have left a token
      for (int i = 0; i < scores.length; i++) {
        if (!all.get(i)) {
          scores[i] = Float.NEGATIVE_INFINITY;
        }
        any |= scores[i] > Float.NEGATIVE_INFINITY;
      }
      if (!any) {
        for (int i = all.nextSetBit(0); i >= 0 && i < scores.length; i = all.nextSetBit(i + 1)) {
          scores[i] = 0;
        }
      }
    }

    @Override
    public boolean ends(TokenHistory history) {
      if (!row.eos().isEmpty()) {
        return false; // its token says so
      }
      TokenMasks.Place place = place(history);
      return place != null && place.isComplete() && masks.allowed(place).isEmpty();
    }

    /** The place behind the new tokens; null behind one that ended the row. */
    private TokenMasks.@Nullable Place place(TokenHistory history) {
      TokenMasks.Place place = masks.start();
      for (int i = history.promptLength(); i < history.length(); i++) {
        TokenMasks.Place next = masks.next(place, history.get(i));
        if (next == null) {
          return null;
        }
        place = next;
      }
      return place;
    }
  }
}
