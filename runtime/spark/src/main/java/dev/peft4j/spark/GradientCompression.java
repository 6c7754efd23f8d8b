package dev.peft4j.spark;

import java.io.Serializable;

/**
 * The way in which gradients travel to the driver. All but {@link #NONE} change the result: it is
 * still the same for any number of executors, but not that of one process.
 *
 * @param kind how numbers are written
 * @param part for {@link Kind#LARGEST}, which part of each parameter's gradient travels
 */
public record GradientCompression(Kind kind, double part) implements Serializable {
  private static final long serialVersionUID = 1L;

  /** A way to write gradients. */
  public enum Kind {
    /** Float32. */
    FLOAT32,
    /** Bfloat16, rounded to the nearest: half of the bytes. */
    BFLOAT16,
    /** The numbers of the largest magnitude with their places; the others count as 0. */
    LARGEST
  }

  /** Nothing is lost; the default. */
  public static final GradientCompression NONE = new GradientCompression(Kind.FLOAT32, 1);

  /** Half of the bytes. */
  public static final GradientCompression BFLOAT16 = new GradientCompression(Kind.BFLOAT16, 1);

  /**
   * Creates a way to write gradients.
   *
   * @throws IllegalArgumentException if the part is not above 0 and at most 1
   */
  public GradientCompression {
    if (!(part > 0 && part <= 1)) {
      throw new IllegalArgumentException(
          "gradient compression: the part is " + part + ", must be above 0 and at most 1");
    }
  }

  /**
   * Returns the largest numbers of each gradient, top-k. What is left out of a step is not made up
   * for in later ones.
   *
   * @param part of the numbers, above 0 and at most 1, rounded up to whole ones; each takes 8 bytes
   */
  public static GradientCompression largest(double part) {
    return new GradientCompression(Kind.LARGEST, part);
  }
}
