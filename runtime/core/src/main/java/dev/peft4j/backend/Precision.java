package dev.peft4j.backend;

import java.util.Locale;

/**
 * The arithmetic of matrix products on a {@link Device}. Values and sums are float32 in all of
 * them; what differs is how many bits of the numbers go into the multiplication.
 */
public enum Precision {
  /** All 24 bits of a float32: relative error of a product about 3e-7. */
  FLOAT32,
  /** TensorFloat-32, 11 bits on the tensor cores of NVIDIA's GPUs from Ampere on: about 3e-4. */
  TF32,
  /** bfloat16, 8 bits on the same tensor cores: about 3e-3. */
  BF16;

  /**
   * Returns the precision of a name, in upper or lower case.
   *
   * @throws IllegalArgumentException if there is none of that name, listing those that there are
   */
  public static Precision named(String name) {
    for (Precision p : values()) {
      if (p.label().equalsIgnoreCase(name.strip())) {
        return p;
      }
    }
    throw new IllegalArgumentException(
        "precision is \"" + name + "\", expected float32, tf32 or bf16");
  }

  /** Returns its name in lower case, as it is written on the command line. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
