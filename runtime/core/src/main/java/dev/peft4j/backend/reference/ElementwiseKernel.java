package dev.peft4j.backend.reference;

import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.ScalarFunctions;

/** Evaluates the expression of an element-wise op at each element. */
final class ElementwiseKernel {
  private ElementwiseKernel() {}

  static void run(Elementwise op, Values[] in, Values out) {
    int[][] under = new int[in.length][];
    for (int k = 0; k < in.length; k++) {
      under[k] = Values.under(out.shape(), in[k].shape());
    }
    float[] x = new float[in.length];
    for (int i = 0; i < out.floats().length; i++) {
      for (int k = 0; k < in.length; k++) {
        x[k] = in[k].floats()[under[k][i]];
      }
      out.floats()[i] = value(op.expression(), x);
    }
  }

  private static float value(Scalar s, float[] x) {
    return switch (s) {
      case Scalar.Input i -> x[i.index()];
      case Scalar.Const c -> c.value();
      case Scalar.Unary u -> ScalarFunctions.apply(u.fn(), value(u.x(), x));
      case Scalar.Binary b -> ScalarFunctions.apply(b.fn(), value(b.a(), x), value(b.b(), x));
      case Scalar.Select c -> value(c.condition(), x) != 0 ? value(c.a(), x) : value(c.b(), x);
    };
  }
}
