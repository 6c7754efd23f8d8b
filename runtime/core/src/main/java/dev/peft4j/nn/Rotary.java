package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;

/**
 * Rotary position embeddings (RoPE, Su et al. 2021): each pair of numbers of a head is rotated by
 * an angle that is the token's position times the frequency of the pair. The kinds differ in the
 * frequencies only, by which a model reads longer texts than it was first trained on.
 *
 * <p>Frequencies are computed in float32 as transformers does, since a rounding error grows with
 * the position.
 */
public final class Rotary {
  private final int dims;
  private final double theta;
  private final double scale;

  private final Frequencies frequencies;

  /** The length from which on the frequencies depend on it. */
  private final int fixedUpTo;

  /** The length beyond which there are other frequencies. */
  private final int switchesAt;

  /** The frequencies, (dims / 2), which may depend on the largest of the positions. */
  private interface Frequencies {
    Tensor of(Tensor positions);
  }

  private Rotary(int dims, double theta, double scale, Frequencies frequencies) {
    this(dims, theta, scale, frequencies, Integer.MAX_VALUE, Integer.MAX_VALUE);
  }

  private Rotary(
      int dims,
      double theta,
      double scale,
      Frequencies frequencies,
      int fixedUpTo,
      int switchesAt) {
    this.dims = dims;
    this.theta = theta;
    this.scale = scale;
    this.frequencies = frequencies;
    this.fixedUpTo = fixedUpTo;
    this.switchesAt = switchesAt;
  }

  /**
   * Returns the original kind: frequency i is θ^(−2i / dims).
   *
   * @param dims the numbers of each head that are rotated; the others stay as they are
   * @param theta the base θ
   * @throws IllegalArgumentException if {@code dims} is not an even number from 2, or {@code theta}
   *     is not above 0
   */
  public static Rotary of(int dims, double theta) {
    if (dims < 2 || dims % 2 != 0 || !(theta > 0)) {
      throw new IllegalArgumentException(
          "Rotary: "
              + dims
              + " dims with theta "
              + theta
              + ", needed an even number from 2 and a theta above 0");
    }
    Tensor plain = Tensor.of(powers(dims, theta), dims / 2);
    return new Rotary(dims, theta, 1, _ -> plain);
  }

  private static float[] powers(int dims, double theta) {
    float[] out = new float[dims / 2];
    for (int i = 0; i < out.length; i++) {
      out[i] = 1f / power(dims, theta, i);
    }
    return out;
  }

  /** Returns θ^(2i / dims), rounded as torch does. */
  private static float power(int dims, double theta, int i) {
    return (float) Math.pow(theta, 2f * i / dims);
  }

  private float[] plain() {
    return powers(dims, theta);
  }

  private Rotary with(double newScale, float[] fixed) {
    Tensor f = Tensor.of(fixed, fixed.length);
    return new Rotary(dims, theta, newScale, _ -> f);
  }

  /** Returns the kind {@code linear}: all frequencies divided by {@code factor}. */
  public Rotary linear(double factor) {
    float[] f = plain();
    for (int i = 0; i < f.length; i++) {
      f[i] /= (float) factor;
    }
    return with(scale, f);
  }

  /**
   * Returns the kind {@code dynamic}: θ grows with the longest sequence beyond {@code trained}.
   *
   * @param trained the positions the model was trained on
   * @throws IllegalArgumentException if fewer than 4 numbers are rotated
   */
  public Rotary dynamic(double factor, int trained) {
    if (dims < 4) {
      throw new IllegalArgumentException(
          "Rotary: the dynamic kind of " + dims + " dims, needed at least 4");
    }
    // θ grows by g^(dims / (dims − 2)), so frequency i shrinks by g^(2i / (dims − 2))
    float[] powers = new float[dims / 2];
    for (int i = 0; i < powers.length; i++) {
      powers[i] = (float) (-2.0 * i / (dims - 2));
    }
    Tensor plain = Tensor.of(plain(), dims / 2);
    Tensor exponents = Tensor.of(powers, dims / 2);
    return new Rotary(
        dims,
        theta,
        scale,
        positions -> {
          Tensor n = longest(positions).maximum(trained);
          Tensor g = n.mul((float) (factor / trained)).sub((float) (factor - 1));
          return plain.mul(g.log().mul(exponents).exp());
        },
        trained,
        Integer.MAX_VALUE);
  }

  /** Returns the number of positions of the longest sequence, a single value. */
  private static Tensor longest(Tensor positions) {
    return positions.toFloat().reshape(-1).max(0).add(1);
  }

  /**
   * Returns the kind {@code llama3}: low frequencies are divided by {@code factor}, high ones stay,
   * and those between are mixed.
   *
   * @param positions the positions the model was first trained on
   */
  public Rotary llama3(double factor, double lowFactor, double highFactor, int positions) {
    float[] f = plain();
    float lowest = (float) (positions / lowFactor);
    float highest = (float) (positions / highFactor);
    for (int i = 0; i < f.length; i++) {
      float wavelength = (float) (2 * Math.PI) / f[i];
      if (wavelength > lowest) {
        f[i] /= (float) factor;
      } else if (!(wavelength < highest)) {
        float smooth =
            (positions / wavelength - (float) lowFactor) / (float) (highFactor - lowFactor);
        f[i] = (1 - smooth) * f[i] / (float) factor + smooth * f[i];
      }
    }
    return with(scale, f);
  }

  /**
   * Returns the kind {@code yarn} (Peng et al. 2023): frequencies with few rotations over {@code
   * positions} are divided by {@code factor}, those with many stay.
   *
   * @param positions the positions the model was first trained on
   * @param betaFast the rotations from which a frequency stays
   * @param betaSlow the rotations up to which a frequency is divided
   * @param truncate whether the two borders are rounded outwards to whole pairs
   * @param scale what cosine and sine are multiplied by; see {@link #yarnScale}
   */
  public Rotary yarn(
      double factor,
      int positions,
      double betaFast,
      double betaSlow,
      boolean truncate,
      double scale) {
    double low = pairOf(betaFast, positions);
    double high = pairOf(betaSlow, positions);
    if (truncate) {
      low = Math.floor(low);
      high = Math.ceil(high);
    }
    low = Math.max(low, 0);
    high = Math.min(high, dims - 1);
    high = low == high ? high + 0.001 : high;
    float[] f = new float[dims / 2];
    for (int i = 0; i < f.length; i++) {
      float ramp = Math.clamp((float) ((i - (float) low) / (float) (high - low)), 0f, 1f);
      float power = power(dims, theta, i);
      float stays = 1 - ramp;
      f[i] = 1f / ((float) factor * power) * (1 - stays) + 1f / power * stays;
    }
    return with(scale, f);
  }

  /** Returns the pair that makes that many rotations over the positions. */
  private double pairOf(double rotations, int positions) {
    return dims * Math.log(positions / (rotations * 2 * Math.PI)) / (2 * Math.log(theta));
  }

  /** Returns yarn's scale for a factor: 0.1 · {@code mscale} · ln factor + 1, 1 for no factor. */
  public static double yarnScale(double factor, double mscale) {
    return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
  }

  /**
   * Returns the kind {@code longrope} (Ding et al. 2024): each frequency is divided by its own
   * factor, of which there is one list for short and one for long sequences.
   *
   * @param shortFactors one for each pair
   * @param longFactors one for each pair, for sequences of more than {@code trained}
   * @param trained the positions the model was first trained on
   * @param scale what cosine and sine are multiplied by
   */
  public Rotary longrope(float[] shortFactors, float[] longFactors, int trained, double scale) {
    Tensor small = Tensor.of(divided(shortFactors), dims / 2);
    Tensor large = Tensor.of(divided(longFactors), dims / 2);
    return new Rotary(
        dims,
        theta,
        scale,
        at -> {
          Tensor beyond = longest(at).gt(trained);
          return large.where(beyond, small);
        },
        Integer.MAX_VALUE,
        trained);
  }

  private float[] divided(float[] factors) {
    if (factors.length != dims / 2) {
      throw new IllegalArgumentException(
          "Rotary: " + factors.length + " factors for " + dims / 2 + " pairs, needed one each");
    }
    float[] f = new float[factors.length];
    for (int i = 0; i < f.length; i++) {
      f[i] = 1f / (factors[i] * power(dims, theta, i));
    }
    return f;
  }

  /** Returns how many numbers of each head are rotated. */
  public int dims() {
    return dims;
  }

  /** Returns what cosine and sine are multiplied by. */
  public double scale() {
    return scale;
  }

  /**
   * Returns the length from which on the frequencies change with every token ({@code dynamic});
   * {@link Integer#MAX_VALUE} for all other kinds. A longer sequence rotates its first tokens
   * otherwise than a shorter one.
   */
  public int fixedUpTo() {
    return fixedUpTo;
  }

  /**
   * Returns the length beyond which all tokens of a sequence, the first ones too, are rotated by
   * other frequencies than those of a sequence up to it ({@code longrope}); {@link
   * Integer#MAX_VALUE} for all other kinds.
   */
  public int switchesAt() {
    return switchesAt;
  }

  /**
   * Returns the cosines and sines of positions, (batch, tokens, dims), for {@link Tensor#rotary}.
   * Make it once for all layers.
   *
   * @param positions integers (batch, tokens), or (1, tokens) for the same in every row
   */
  public Tensor table(Tensor positions) {
    return Tensor.rotaryTable(positions, frequencies.of(positions), (float) scale);
  }
}
