package dev.peft4j.constraint;

import dev.peft4j.transformers.Tokenizer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;

/** Texts of tokens chosen at random among those that a constraint allows. */
final class RandomTexts {
  private final Tokenizer tokenizer;
  private final TokenMasks masks;
  private final Random random;

  RandomTexts(Constraint constraint, Tokenizer tokenizer, Random random) {
    this.tokenizer = tokenizer;
    this.masks = constraint.over(tokenizer.tokenBytes());
    this.random = random;
  }

  /**
   * Returns a text.
   *
   * @param most the number of tokens within which it must be complete
   */
  String next(int most) {
    List<Long> ids = new ArrayList<>();
    TokenMasks.Place place = masks.start();
    while (true) {
      if (ids.size() > most) {
        throw new AssertionError("not complete after " + most + " tokens: " + decode(ids));
      }
      BitSet allowed = masks.allowed(place, most - ids.size());
      if (place.isComplete()
          && (allowed.isEmpty() || ids.size() == most || random.nextInt(4) == 0)) {
        return decode(ids);
      }
      if (allowed.isEmpty()) {
        throw new AssertionError("nothing may follow: " + decode(ids));
      }
      int n = random.nextInt(allowed.cardinality());
      int token = allowed.nextSetBit(0);
      for (int i = 0; i < n; i++) {
        token = allowed.nextSetBit(token + 1);
      }
      TokenMasks.Place next = masks.next(place, token);
      if (next == null) {
        throw new AssertionError("token " + token + " is allowed and does not fit");
      }
      place = next;
      ids.add((long) token);
    }
  }

  private String decode(List<Long> ids) {
    return tokenizer.decode(ids.stream().mapToLong(i -> i).toArray());
  }
}
