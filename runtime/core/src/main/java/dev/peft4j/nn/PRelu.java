package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.Arrays;

/**
 * The activation x where x &gt; 0, else weight · x (He et al. 2015; torch's {@code nn.PReLU}): one
 * slope for all, or one for each channel of x (batch, channels, …). 2015; torch's {@code
 * nn.PReLU}): one slope for all, or one for each channel of x (batch, channels, …). Slopes start at
 * 0.25.
 */
public class PRelu extends Module implements Layer {
  private final Parameter weight;

  /** Creates a layer with one slope for all elements. */
  public PRelu() {
    this(1);
  }

  /** Creates a layer with a slope for each of {@code channels}. */
  public PRelu(int channels) {
    if (channels < 1) {
      throw new IllegalArgumentException(
          "PRelu(" + channels + "): the number of channels must be at least 1");
    }
    this.weight = Initial.constant(0.25f, channels);
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor slope = weight;
    if (weight.dim(0) > 1 && x.shape().rank() > 2) {
      int[] perChannel = new int[x.shape().rank() - 1];
      Arrays.fill(perChannel, 1);
      perChannel[0] = weight.dim(0);
      slope = weight.reshape(perChannel);
    }
    return seen(x.where(x.gt(0), x.mul(slope)));
  }

  @Override
  protected String extraRepr() {
    return "num_parameters=" + weight.dim(0);
  }

  @Override
  protected String typeName() {
    return "PReLU";
  }
}
