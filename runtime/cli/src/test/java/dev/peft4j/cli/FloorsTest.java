package dev.peft4j.cli;

import dev.peft4j.arch.Floors;
import org.junit.jupiter.api.Test;

/** Which package knows which, here and in the modules that the command is made of. */
class FloorsTest {
  @Test
  void packagesKnowOnlyThoseBelow() {
    Floors.check(FloorsTest.class);
  }
}
