package dev.peft4j.constraint;

import java.util.ArrayList;
import java.util.List;

/**
 * Arrays: what their first elements are, what all others are, and how many there may be.
 *
 * @param max the largest number; -1 for any
 */
record ArrayShape(List<Goal> first, Goal rest, int min, int max) {
  static final ArrayShape ANY = new ArrayShape(List.of(), Goal.ANY, 0, -1);

  Goal element(int i) {
    return i < first.size() ? first.get(i) : rest;
  }

  ArrayShape and(ArrayShape other) {
    List<Goal> both = new ArrayList<>();
    for (int i = 0; i < Math.max(first.size(), other.first.size()); i++) {
      both.add(element(i).and(other.element(i)));
    }
    int most = max < 0 ? other.max : other.max < 0 ? max : Math.min(max, other.max);
    return new ArrayShape(List.copyOf(both), rest.and(other.rest), Math.max(min, other.min), most);
  }
}
