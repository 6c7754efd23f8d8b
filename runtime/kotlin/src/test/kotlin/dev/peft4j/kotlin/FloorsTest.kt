package dev.peft4j.kotlin

import dev.peft4j.arch.Floors
import org.junit.jupiter.api.Test

/** Which package knows which, here and below. */
class FloorsTest {
  @Test
  fun packagesKnowOnlyThoseBelow() {
    Floors.check(FloorsTest::class.java)
  }
}
