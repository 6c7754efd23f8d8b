package dev.peft4j.backend.cases;

import static dev.peft4j.backend.cases.In.normal;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.Node;
import dev.peft4j.op.Fold;
import dev.peft4j.op.Unfold;
import dev.peft4j.op.Window;
import dev.peft4j.tensor.Tensor;
import java.util.List;

/** Convolutions, patches, and the way back. */
final class WindowCases {
  private static final List<Window> WINDOWS =
      List.of(
          Window.square(1, 1, 0),
          Window.square(1, 2, 0),
          Window.square(1, 1, 1),
          Window.square(2, 1, 0),
          Window.square(2, 2, 0),
          Window.square(3, 1, 1),
          Window.square(3, 2, 1),
          Window.square(3, 3, 2),
          new Window(3, 3, 1, 1, 2, 2, 2, 2),
          new Window(2, 3, 1, 2, 0, 1, 1, 2),
          new Window(1, 3, 2, 1, 1, 0, 3, 1),
          new Window(5, 6, 1, 1, 0, 0, 1, 1));

  private WindowCases() {}

  static List<OpCase> all() {
    CaseList c = new CaseList();
    for (Window w : WINDOWS) {
      conv(c, w, 2, 3, 7, 6, 4);
      conv(c, w, 1, 1, 5, 9, 1);
      Shape image = Shape.of(2, 3, 7, 6);
      Shape patches = Shape.of(2, 3 * w.kernel(), w.outH(7) * w.outW(6));
      c.add(
          "unfold " + w,
          x -> Tensor.of(Node.of(new Unfold(w), x[0].node())),
          normal(image.toArray()));
      c.add(
          "fold " + w,
          x -> Tensor.of(Node.of(new Fold(w, image), x[0].node())),
          normal(patches.toArray()));
    }
    conv(c, Window.square(3, 1, 1), 2, 8, 17, 33, 16);
    conv(c, Window.square(16, 16, 0), 2, 3, 32, 48, 24);
    c.add(
        "conv2d, weight frozen",
        x -> x[0].conv2d(x[1], x[2], Window.square(3, 1, 1)).relu(),
        normal(2, 3, 5, 5),
        normal(4, 3, 3, 3).frozen(),
        normal(4).frozen());
    c.add(
        "conv2d, input frozen",
        x -> x[0].conv2d(x[1], null, Window.square(3, 2, 1)),
        normal(2, 3, 5, 5).frozen(),
        normal(4, 3, 3, 3));
    return c.cases;
  }

  private static void conv(
      CaseList c, Window w, int batch, int channels, int height, int width, int out) {
    In x = normal(batch, channels, height, width);
    In weight = normal(out, channels, w.kernelH(), w.kernelW());
    c.add("conv2d " + w, i -> i[0].conv2d(i[1], null, w), x, weight);
    c.add("conv2d with bias " + w, i -> i[0].conv2d(i[1], i[2], w), x, weight, normal(out));
  }
}
