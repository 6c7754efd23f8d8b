package dev.peft4j.backend.reference;

import dev.peft4j.data.Shape;
import dev.peft4j.op.Concat;
import dev.peft4j.op.Pad;
import dev.peft4j.op.Permute;
import dev.peft4j.op.Slice;

/** Ops that move elements and compute nothing. */
final class ShapeKernels {
  private ShapeKernels() {}

  static void reshape(Values[] in, Values out) {
    for (int i = 0; i < out.shape().size(); i++) {
      out.copy(i, in[0], i);
    }
  }

  static void broadcast(Values[] in, Values out) {
    int[] under = Values.under(out.shape(), in[0].shape());
    for (int i = 0; i < under.length; i++) {
      out.copy(i, in[0], under[i]);
    }
  }

  static void permute(Permute op, Values[] in, Values out) {
    int[] strides = in[0].shape().strides();
    for (int i = 0; i < out.shape().size(); i++) {
      int rest = i;
      int from = 0;
      for (int axis = out.shape().rank() - 1; axis >= 0; axis--) {
        from += rest % out.shape().dim(axis) * strides[op.order().get(axis)];
        rest /= out.shape().dim(axis);
      }
      out.copy(i, in[0], from);
    }
  }

  static void slice(Slice op, Values[] in, Values out) {
    copy(op.axis(), op.to() - op.from(), in[0], op.from(), out, 0);
  }

  static void pad(Pad op, Values[] in, Values out) {
    copy(op.axis(), in[0].shape().dim(op.axis()), in[0], 0, out, op.before());
  }

  static void concat(Concat op, Values[] in, Values out) {
    int at = 0;
    for (Values part : in) {
      int n = part.shape().dim(op.axis());
      copy(op.axis(), n, part, 0, out, at);
      at += n;
    }
  }

  /**
   * Copies indices from … from + n - 1 of dimension {@code axis} to the indices from {@code to} on.
   */
  private static void copy(int axis, int n, Values source, int from, Values target, int to) {
    Shape s = source.shape();
    Shape t = target.shape();
    int outer = s.product(0, axis);
    int inner = s.product(axis + 1, s.rank());
    for (int o = 0; o < outer; o++) {
      for (int k = 0; k < n; k++) {
        for (int i = 0; i < inner; i++) {
          target.copy(
              (o * t.dim(axis) + to + k) * inner + i,
              source,
              (o * s.dim(axis) + from + k) * inner + i);
        }
      }
    }
  }
}
