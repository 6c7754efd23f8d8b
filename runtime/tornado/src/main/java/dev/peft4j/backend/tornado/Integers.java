package dev.peft4j.backend.tornado;

import dev.peft4j.backend.Strides;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Program;
import dev.peft4j.op.Concat;
import dev.peft4j.op.Permute;
import dev.peft4j.op.Reshape;
import dev.peft4j.op.Slice;
import java.util.HashMap;
import java.util.Map;

/**
 * Integer values of a program, computed on the host: ids, labels and keys are few, nothing is
 * computed from them but their order, and here they can be checked before they are used.
 */
final class Integers {
  private final Program program;
  private final Map<Integer, Program.Step> makers = new HashMap<>();

  Integers(Program program) {
    this.program = program;
    for (Program.Step s : program.steps()) {
      if (program.dtype(s.output()).isInteger()) {
        makers.put(s.output(), s);
      }
    }
  }

  /** The elements of value {@code v}. */
  long[] of(int v, Storage[] inputs) {
    Program.Step step = makers.get(v);
    if (step == null) {
      return inputs[v].toLongs();
    }
    long[] x = of(step.inputs()[0], inputs);
    Shape in = program.shape(step.inputs()[0]);
    Shape out = program.shape(v);
    return switch (step.op()) {
      case Reshape r -> x;
      case Slice s -> {
        int[] steps = in.strides();
        yield move(x, out.toArray(), steps, s.from() * steps[s.axis()]);
      }
      case Permute p -> {
        int[] own = in.strides();
        yield move(x, out.toArray(), p.order().stream().mapToInt(i -> own[i]).toArray(), 0);
      }
      case BroadcastTo b -> move(x, out.toArray(), broadcast(in, out), 0);
      case Concat c -> concat(c, step, inputs, out);
      default ->
          throw new UnsupportedOperationException(
              "the TornadoVM backend computes no integers with " + step.op().name());
    };
  }

  private static int[] broadcast(Shape in, Shape out) {
    int[] own = in.strides();
    int[] steps = new int[out.rank()];
    for (int i = 0; i < own.length; i++) {
      steps[out.rank() - own.length + i] = in.dim(i) == 1 ? 0 : own[i];
    }
    return steps;
  }

  private long[] concat(Concat c, Program.Step step, Storage[] inputs, Shape out) {
    long[] all = new long[out.size()];
    int inner = out.product(c.axis() + 1, out.rank());
    int outer = out.product(0, c.axis());
    int at = 0;
    for (int in : step.inputs()) {
      long[] x = of(in, inputs);
      int run = program.shape(in).dim(c.axis()) * inner;
      for (int o = 0; o < outer; o++) {
        System.arraycopy(x, o * run, all, (o * out.dim(c.axis())) * inner + at, run);
      }
      at += run;
    }
    return all;
  }

  private static long[] move(long[] x, int[] sizes, int[] steps, int start) {
    int n = 1;
    for (int s : sizes) {
      n *= s;
    }
    long[] y = new long[n];
    if (n == 0) {
      return y;
    }
    Strides loops = Strides.join(sizes, new int[][] {steps});
    for (int i = 0; i < n; i++) {
      int rest = i;
      int from = start;
      for (int k = loops.rank() - 1; k >= 0; k--) {
        from += rest % loops.sizes()[k] * loops.steps()[0][k];
        rest /= loops.sizes()[k];
      }
      y[i] = x[from];
    }
    return y;
  }
}
