package dev.peft4j.fuzz;

/**
 * How long a test attacks: a short form is part of every build, the long one runs by {@code ./mvnw
 * -Pattack verify}.
 */
public final class Attack {
  private static final int FACTOR = Integer.getInteger("peft4j.attack", 1);

  private Attack() {}

  /** Returns the number of rounds to run where the build runs {@code inBuild}. */
  public static int rounds(int inBuild) {
    return Math.multiplyExact(inBuild, FACTOR);
  }
}
