package dev.peft4j.backend;

import dev.peft4j.backend.reference.ReferenceBackend;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import java.util.List;

/** Computes on the backend under test. */
abstract class BackendFixture {
  static final Backend REFERENCE = new ReferenceBackend();
  static final Runnable OPEN = () -> {};

  final Backend backend = backend();

  /** The backend under test. */
  abstract Backend backend();

  static Variable variable(float... values) {
    return new Variable("x", Storage.of(values), Shape.of(values.length), true);
  }

  float[] values(Tensor t) {
    return Backends.with(backend, t::toFloats);
  }

  /** The gradient of y · upstream for x. */
  float[] gradient(Tensor y, Variable x, float... upstream) {
    Tensor up = Tensor.of(Storage.of(upstream), y.shape());
    y.mul(up).sum().backward();
    return values(Tensor.of(x.gradient()));
  }

  void evaluate(List<Node> roots, List<Variable> targets, Runnable gate) {
    Backends.with(
        backend,
        () -> {
          Engine.evaluate(roots, targets, gate);
          return null;
        });
  }
}
