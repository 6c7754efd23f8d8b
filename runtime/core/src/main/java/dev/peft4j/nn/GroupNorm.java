package dev.peft4j.nn;

import dev.peft4j.data.ShapeException;
import dev.peft4j.tensor.Tensor;
import java.util.Arrays;

/**
 * Group normalisation (Wu and He 2018; torch's {@code nn.GroupNorm}): x (batch, channels, …) is
 * normalised over each of {@code groups} of neighbouring channels and all dimensions after them;
 * weight (channels) starts at 1, bias (channels) at 0.
 */
public class GroupNorm extends Module implements Layer {
  private final Parameter weight;
  private final Parameter bias;
  private final int groups;
  private final float eps;

  /** Creates a layer with eps 1e-5. */
  public GroupNorm(int groups, int channels) {
    this(groups, channels, 1e-5f);
  }

  /**
   * Creates a layer that normalises {@code channels} in {@code groups}.
   *
   * @throws IllegalArgumentException if the groups do not divide the channels
   */
  public GroupNorm(int groups, int channels, float eps) {
    if (groups < 1 || channels < 1 || channels % groups != 0) {
      throw new IllegalArgumentException(
          "GroupNorm(" + groups + ", " + channels + "): the groups must divide the channels");
    }
    this.weight = Initial.constant(1, channels);
    this.bias = Initial.constant(0, channels);
    this.groups = groups;
    this.eps = eps;
  }

  @Override
  public Tensor forward(Tensor x) {
    int channels = weight.dim(0);
    if (x.shape().rank() < 2 || x.dim(1) != channels) {
      throw new ShapeException(
          "GroupNorm: input of shape " + x.shape() + ", needed (batch, " + channels + ", …)");
    }
    int size = x.shape().product(1, x.shape().rank()) / groups;
    Tensor normal =
        x.reshape(x.dim(0), groups, size)
            .layerNorm(Tensor.ones(size), Tensor.zeros(size), eps)
            .reshape(x.shape().toArray());
    int[] perChannel = new int[x.shape().rank() - 1];
    Arrays.fill(perChannel, 1);
    perChannel[0] = channels;
    return seen(normal.mul(weight.reshape(perChannel)).add(bias.reshape(perChannel)));
  }

  @Override
  protected String extraRepr() {
    return groups
        + ", "
        + weight.dim(0)
        + ", eps="
        + ModuleText.number(eps)
        + ", affine=True, bias=True";
  }
}
