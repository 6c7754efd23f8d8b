package dev.peft4j.backend.cases;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.data.DType;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One op on inputs of one set of shapes, with seeded values.
 *
 * @param absolute what two backends may differ by where the exact result is near 0 though its terms
 *     are not
 */
public record OpCase(String name, Function function, List<In> inputs, double absolute) {
  /** What is to be computed. */
  public interface Function {
    Tensor apply(Tensor... inputs);
  }

  /**
   * The graph of a case: nothing of it is computed yet. The loss is a random projection of the
   * result.
   */
  public record Graph(Tensor result, @Nullable Tensor loss, List<Variable> variables) {}

  /** What a backend computed: the result and the gradient of the loss for each trainable input. */
  public record Outcome(float[] value, List<float[]> gradients) {}

  OpCase(String name, Function function, In... inputs) {
    this(name, function, List.of(inputs), 1e-7);
  }

  /** The same with another absolute tolerance. */
  OpCase absolute(double tolerance) {
    return new OpCase(name, function, inputs, tolerance);
  }

  /** Builds the graph over values that depend only on the name. */
  public Graph build() {
    Rng rng = new Rng(name.hashCode());
    Tensor[] x = new Tensor[inputs.size()];
    List<Variable> variables = new ArrayList<>();
    for (int i = 0; i < x.length; i++) {
      In in = inputs.get(i);
      Storage values = in.values().apply(rng);
      if (in.trainable()) {
        Variable v = new Variable("x" + i, values, in.shape(), true);
        variables.add(v);
        x[i] = Tensor.of(v.node());
      } else {
        x[i] = Tensor.of(values, in.shape());
      }
    }
    Tensor y = function.apply(x);
    if (!y.node().requiresGrad() || y.dtype() != DType.FLOAT32) {
      return new Graph(y, null, variables);
    }
    float[] weights = rng.uniform(y.shape().size(), -1, 1);
    Tensor loss = y.mul(Tensor.of(Storage.of(weights), y.shape())).sum();
    return new Graph(y, loss, variables);
  }

  /** Computes the result and the gradients in one program. */
  public Outcome run(Backend backend) {
    return Backends.with(
        backend,
        () -> {
          Graph g = build();
          List<float[]> gradients = new ArrayList<>();
          if (g.loss != null) {
            g.loss.backward();
            g.result.retain();
            g.loss.storage();
            for (Variable v : g.variables) {
              gradients.add(
                  v.gradient() == null
                      ? new float[v.shape().size()]
                      : Tensor.of(v.gradient()).toFloats());
            }
          }
          return new Outcome(g.result.toFloats(), gradients);
        });
  }

  @Override
  public String toString() {
    return name;
  }
}
