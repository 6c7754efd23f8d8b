package dev.peft4j.backend.cpu;

import java.util.ArrayList;
import java.util.List;

/**
 * Softmax of rows that lie one after another, and its gradient, through oneDNN, both in place. For
 * one thread at a time.
 */
final class DnnSoftmax {
  private static final int[] FORWARD = {OneDnn.SOURCE, OneDnn.TARGET};
  private static final int[] GRADIENT = {
    OneDnn.TARGET, OneDnn.TARGET_GRADIENT, OneDnn.SOURCE_GRADIENT
  };

  private record Made(int rows, boolean gradient, DnnCall call) {}

  private final int size;

  /** A handful: the last block of rows may be a smaller one. */
  private final List<Made> made = new ArrayList<>();

  /** Softmax of rows of {@code size} elements. */
  DnnSoftmax(int size) {
    this.size = size;
  }

  /** Each row becomes its softmax. */
  void forward(int rows, long x) {
    DnnCall call = call(rows, false);
    call.place(0, x);
    call.place(1, x);
    call.run();
  }

  /** The gradients {@code dy} for softmaxes {@code y} become those for what they were made of. */
  void gradient(int rows, long y, long dy) {
    DnnCall call = call(rows, true);
    call.place(0, y);
    call.place(1, dy);
    call.place(2, dy);
    call.run();
  }

  private DnnCall call(int rows, boolean gradient) {
    for (int i = 0; i < made.size(); i++) {
      Made m = made.get(i);
      if (m.rows == rows && m.gradient == gradient) {
        return m.call;
      }
    }
    DnnCall call = make(rows, gradient);
    made.add(new Made(rows, gradient, call));
    return call;
  }

  private DnnCall make(int rows, boolean gradient) {
    OneDnn dnn = OneDnn.library();
    long layout = dnn.layout(new long[] {rows, size}, new long[] {size, 1});
    long[] layouts = {layout, layout, layout};
    long plan = dnn.softmax(layout);
    DnnCall call;
    if (gradient) {
      call = new DnnCall(dnn.softmaxGradient(layout, plan), GRADIENT, layouts);
      dnn.destroy("primitive_desc", plan);
    } else {
      call = new DnnCall(plan, FORWARD, layouts);
    }
    dnn.destroy("memory_desc", layout);
    return call;
  }
}
