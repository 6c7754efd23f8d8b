package dev.peft4j.backend.tornado;

import dev.peft4j.arch.Floors;
import org.junit.jupiter.api.Test;

/** Which package knows which, here and below. */
class FloorsTest {
  @Test
  void packagesKnowOnlyThoseBelow() {
    Floors.check(FloorsTest.class);
  }
}
