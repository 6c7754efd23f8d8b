package dev.peft4j.tuner.fourierft;

import dev.peft4j.nn.Buffer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.SparsePlaces;
import dev.peft4j.tuner.TunerContext;

/**
 * The transform of many frequencies: C_out · D · C_in - S_out · D · S_in with the matrices of
 * cosines and sines of each size, which are symmetric; layers of one size share them. For few rows
 * of input these are multiplied one by one, and the transform is not made.
 */
final class WholeWaves implements FourierFtLayer.Transform {
  private final int out;
  private final int in;
  private final SparsePlaces places;
  private final Buffer cosIn;
  private final Buffer sinIn;
  private final Buffer cosOut;
  private final Buffer sinOut;

  WholeWaves(TunerContext context, int[] places, int out, int in) {
    this.out = out;
    this.in = in;
    this.places = SparsePlaces.of(places, out, in);
    this.cosIn = Waves.cosines(context, in);
    this.sinIn = Waves.sines(context, in);
    this.cosOut = Waves.cosines(context, out);
    this.sinOut = Waves.sines(context, out);
  }

  @Override
  public Tensor times(Tensor x, Tensor spectrum) {
    long rows = x.shape().elements() / in;
    long eachRow = 2L * in * in + 2L * in * out + 2L * out * out;
    long once = 2L * out * in * (in + out);
    if (rows * eachRow > once + rows * in * out) {
      return x.linear(matrix(spectrum), null);
    }
    Tensor d = places.matrix(spectrum);
    Tensor even = x.linear(cosIn, null).linear(d, null).linear(cosOut, null);
    Tensor odd = x.linear(sinIn, null).linear(d, null).linear(sinOut, null);
    return even.sub(odd);
  }

  @Override
  public Tensor matrix(Tensor spectrum) {
    Tensor d = places.matrix(spectrum);
    return cosOut.matmul(d).matmul(cosIn).sub(sinOut.matmul(d).matmul(sinIn));
  }
}
