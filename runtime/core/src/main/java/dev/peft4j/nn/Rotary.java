package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.function.LongFunction;

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

  /** The frequencies by the number of positions of the longest sequence. */
  private final LongFunction<float[]> frequencies;

  private Rotary(int dims, double theta, double scale, LongFunction<float[]> frequencies) {
    this.dims = dims;
    this.theta = theta;
    this.scale = scale;
    this.frequencies = frequencies;
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
    float[] plain = powers(dims, theta);
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
    return new Rotary(dims, theta, newScale, _ -> fixed);
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
   * Returns the kind {@code dynamic}: θ grows with the longest sequence beyond {@code positions}.
   *
   * @param positions the positions the model was trained on
   */
  public Rotary dynamic(double factor, int positions) {
    return new Rotary(
        dims,
        theta,
        scale,
        longest -> {
          double n = Math.max(longest, positions);
          double grown =
              theta
                  * Math.pow(factor * n / positions - (factor - 1), dims / (double) (dims - 2));
          return powers(dims, grown);
        });
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
   * @param longFactors one for each pair, for sequences of more than {@code positions}
   * @param positions the positions the model was first trained on
   * @param scale what cosine and sine are multiplied by
   */
  public Rotary longrope(float[] shortFactors, float[] longFactors, int positions, double scale) {
    float[] small = divided(shortFactors);
    float[] large = divided(longFactors);
    return new Rotary(dims, theta, scale, longest -> longest > positions ? large : small);
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
   * Returns the frequencies of the pairs.
   *
   * @param longest the number of positions of the longest sequence: the largest position and one
   */
  public float[] frequencies(long longest) {
    return frequencies.apply(longest).clone();
  }

  /**
   * Returns the cosines and sines of positions, (batch, tokens, dims): cosines first. Make it once
   * for all layers.
   *
   * @param positions integers (batch, tokens), or (1, tokens) for the same in every row
   */
  public Tensor table(Tensor positions) {
    long[] at = positions.toLongs();
    long largest = 0;
    for (long p : at) {
      largest = Math.max(largest, p);
    }
    float[] f = frequencies.apply(largest + 1);
    float[] out = new float[at.length * dims];
    for (int t = 0; t < at.length; t++) {
      for (int i = 0; i < f.length; i++) {
        double angle = (float) at[t] * f[i];
        out[t * dims + i] = (float) (Math.cos(angle) * scale);
        out[t * dims + f.length + i] = (float) (Math.sin(angle) * scale);
      }
    }
    return Tensor.of(out, positions.dim(0), positions.dim(1), dims);
  }

  /**
   * Returns heads rotated by the angles of a {@link #table}.
   *
   * @param x (batch, tokens, heads · d)
   * @param interleaved whether a pair is two neighbours, as in Cohere's models; else it is number i
   *     of the first and of the second half
   */
  public static Tensor apply(Tensor x, Tensor table, int heads, boolean interleaved) {
    int batch = x.dim(0);
    int tokens = x.dim(1);
    int d = x.dim(2) / heads;
    int dims = table.dim(2);
    int half = dims / 2;
    Tensor cos = table.slice(2, 0, half).reshape(table.dim(0), tokens, 1, half);
    Tensor sin = table.slice(2, half, dims).reshape(table.dim(0), tokens, 1, half);
    Tensor y = x.reshape(batch, tokens, heads, d);
    if (interleaved) {
      Tensor pairs = y.slice(3, 0, dims).reshape(batch, tokens, heads, half, 2);
      Tensor a = pairs.slice(4, 0, 1).reshape(batch, tokens, heads, half);
      Tensor b = pairs.slice(4, 1, 2).reshape(batch, tokens, heads, half);
      Tensor turned = Tensor.stack(4, turn(a, b, cos, sin), turn(b, a, cos, sin.neg()));
      turned = turned.reshape(batch, tokens, heads, dims);
      y = dims == d ? turned : Tensor.concat(3, turned, y.slice(3, dims, d));
    } else {
      Tensor a = y.slice(3, 0, half);
      Tensor b = y.slice(3, half, dims);
      Tensor first = turn(a, b, cos, sin);
      Tensor second = turn(b, a, cos, sin.neg());
      y =
          dims == d
              ? Tensor.concat(3, first, second)
              : Tensor.concat(3, first, second, y.slice(3, dims, d));
    }
    return y.reshape(batch, tokens, heads * d);
  }

  private static Tensor turn(Tensor a, Tensor b, Tensor cos, Tensor sin) {
    return a.mul(cos).sub(b.mul(sin));
  }
}
