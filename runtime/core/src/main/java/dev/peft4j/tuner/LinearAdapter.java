package dev.peft4j.tuner;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * An adapter that adds ΔW · x to the result W · x + b of a linear layer, whichever way round the
 * layer stores W.
 */
public abstract class LinearAdapter implements TunerLayer {
  private final WeightedLayer layer;
  private final AdapterDropout dropout;

  /**
   * Creates it.
   *
   * @param layer a {@link Linear} or a {@link TransposedLinear}
   * @param dropout the probability with which elements of the input are dropped
   * @param rng the generator of its first values
   */
  protected LinearAdapter(WeightedLayer layer, double dropout, Rng rng) {
    this.layer = layer;
    this.dropout = new AdapterDropout(layer, dropout, rng);
  }

  /** Returns the layer. */
  protected final WeightedLayer layer() {
    return layer;
  }

  /** Returns the number of the layer's inputs. */
  protected final int inputs() {
    return Weights.inputs(layer);
  }

  /** Returns the number of the layer's outputs. */
  protected final int out() {
    return Weights.outputs(layer);
  }

  /**
   * Returns what it adds to the layer's result (…, out).
   *
   * @param x (…, in), after dropout
   */
  protected abstract Tensor added(Tensor x);

  /** Returns ΔW (out, in), for merging. */
  protected abstract Tensor delta();

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    return base.apply(x).add(added(dropout.apply(x)));
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    return Map.of(layer.weight(), layer.weight().add(Weights.likeWeight(layer, delta())));
  }

  @Override
  public List<Rng> generators() {
    return dropout.generators();
  }
}
