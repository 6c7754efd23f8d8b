package dev.peft4j.samples;

import dev.peft4j.arch.Floors;
import org.junit.jupiter.api.Test;

/** Which package knows which, here and in what samples use. */
class FloorsTest {
  @Test
  void packagesKnowOnlyThoseBelow() {
    Floors.check(FloorsTest.class);
  }
}
