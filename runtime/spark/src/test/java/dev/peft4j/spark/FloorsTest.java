package dev.peft4j.spark;

import dev.peft4j.arch.Floors;
import org.junit.jupiter.api.Test;

/** Which package knows which. */
class FloorsTest {
  @Test
  void packagesKnowOnlyThoseBelow() {
    Floors.check(FloorsTest.class);
  }
}
