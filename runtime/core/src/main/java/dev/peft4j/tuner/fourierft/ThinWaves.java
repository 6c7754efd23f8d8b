package dev.peft4j.tuner.fourierft;

import dev.peft4j.nn.Buffer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerContext;

/**
 * The transform of n frequencies as a product of rank 2n: the sum over (k, l) of c · (cos(2πkt/out)
 * · cos(2πlj/in) - sin(2πkt/out) · sin(2πlj/in)). Layers of one shape share the matrices.
 */
final class ThinWaves implements FourierFtLayer.Transform {
  private final int out;
  private final int in;
  private final Buffer ofInputs;
  private final Buffer ofOutputs;

  /**
   * Creates it.
   *
   * @param places of the frequencies, counted row by row
   * @param seed that they were drawn with
   */
  ThinWaves(TunerContext context, int[] places, int out, int in, long seed) {
    this.out = out;
    this.in = in;
    String which = places.length + " waves of " + out + " x " + in + ", seed " + seed;
    this.ofInputs = context.sharedBuffer("input " + which, () -> ofInputs(places, in));
    this.ofOutputs = context.sharedBuffer("output " + which, () -> ofOutputs(places, out, in));
  }

  /** (2n, in): the cosines, then the sines. */
  private static Buffer ofInputs(int[] places, int in) {
    float[] cos = Waves.one(in, Math::cos);
    float[] sin = Waves.one(in, Math::sin);
    int n = places.length;
    float[] m = new float[2 * n * in];
    for (int i = 0; i < n; i++) {
      long frequency = places[i] % in;
      for (int j = 0; j < in; j++) {
        int at = (int) (frequency * j % in);
        m[i * in + j] = cos[at];
        m[(n + i) * in + j] = sin[at];
      }
    }
    return new Buffer(m, 2 * n, in);
  }

  /** (out, 2n): the cosines, then the sines with a minus. */
  private static Buffer ofOutputs(int[] places, int out, int in) {
    float[] cos = Waves.one(out, Math::cos);
    float[] sin = Waves.one(out, Math::sin);
    int n = places.length;
    float[] m = new float[out * 2 * n];
    for (int t = 0; t < out; t++) {
      for (int i = 0; i < n; i++) {
        int at = (int) ((long) (places[i] / in) * t % out);
        m[t * 2 * n + i] = cos[at];
        m[t * 2 * n + n + i] = -sin[at];
      }
    }
    return new Buffer(m, out, 2 * n);
  }

  private static Tensor twice(Tensor spectrum) {
    return Tensor.concat(0, spectrum, spectrum);
  }

  @Override
  public Tensor times(Tensor x, Tensor spectrum) {
    double rows = (double) x.shape().elements() / in;
    double n = ofInputs.dim(0);
    double thin = rows * n * (in + out);
    double whole = n * in * out + rows * in * out;
    return thin > whole
        ? x.linear(matrix(spectrum), null)
        : x.linear(ofInputs, null).mul(twice(spectrum)).linear(ofOutputs, null);
  }

  @Override
  public Tensor matrix(Tensor spectrum) {
    return ofOutputs.mul(twice(spectrum)).matmul(ofInputs);
  }
}
