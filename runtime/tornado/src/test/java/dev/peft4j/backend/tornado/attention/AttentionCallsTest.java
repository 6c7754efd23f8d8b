package dev.peft4j.backend.tornado.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.backend.Engine;
import dev.peft4j.backend.reference.ReferenceBackend;
import dev.peft4j.backend.tornado.kernel.OnDevice;
import dev.peft4j.backend.tornado.product.MatrixProduct;
import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Trace;
import dev.peft4j.op.Attention;
import dev.peft4j.op.AttentionGrad;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Attention on the device, forward and gradient, against the reference backend. */
class AttentionCallsTest {
  private static final int[] NO_MASK = null;

  @Test
  void isWhatTheReferenceComputes() {
    TornadoDeviceType type = TornadoDeviceType.CPU;
    check(type, new Attention(3, 3, false, 0.3f), 2, 5, 17, 3, new int[] {2, 1, 1, 17});
    check(type, new Attention(2, 2, true, 0.25f), 1, 18, 18, 20, new int[] {2, 1, 18});
    check(type, new Attention(4, 2, true, 0.5f), 2, 3, 9, 8, NO_MASK);
    check(type, new Attention(6, 1, false, 0.5f), 2, 1, 3, 7, new int[] {1});
  }

  @Test
  void isTheSameOnTilesForGpus() {
    check(TornadoDeviceType.GPU, new Attention(2, 2, true, 0.2f), 2, 35, 37, 33, new int[] {35, 1});
    check(TornadoDeviceType.GPU, new Attention(4, 2, false, 0.5f), 1, 3, 5, 2, NO_MASK);
  }

  @Test
  void queriesThatSeeNothingAreZero() {
    Attention op = new Attention(1, 1, true, 1);
    Shape q = Shape.of(1, 3, 2);
    Shape k = Shape.of(1, 2, 2);
    FloatArray x = OnDevice.array(1, 2, 3, 4, 5, 6);
    FloatArray y = OnDevice.array(1, 2, 3, 4);
    FloatArray z = OnDevice.array(1, 2, 3, 4);
    MatrixProduct products = MatrixProduct.forDevice(TornadoDeviceType.CPU);
    AttentionCalls calls = new AttentionCalls(products, op, q, k, null);
    FloatArray p = new FloatArray(calls.scores());
    FloatArray out = new FloatArray(6);
    OnDevice.run(calls.forward(x, y, z, null, p, out), out);
    assertThat(out.get(0)).isZero();
    assertThat(out.get(1)).isZero();
    assertThat(out.get(2)).isEqualTo(1);
    assertThat(out.get(3)).isEqualTo(2);
  }

  @Test
  void gradientsWithSharedHeadsAreRefused() {
    Attention op = new Attention(2, 1, false, 1);
    MatrixProduct products = MatrixProduct.forDevice(TornadoDeviceType.CPU);
    AttentionCalls calls =
        new AttentionCalls(products, op, Shape.of(1, 1, 2), Shape.of(1, 1, 1), null);
    FloatArray x = new FloatArray(2);
    assertThatThrownBy(() -> calls.gradient(x, x, x, null, x, x, x, x))
        .hasMessageContaining("2 share 1");
  }

  private static void check(
      TornadoDeviceType type, Attention op, int batch, int queries, int keys, int d, int[] mask) {
    Random random = new Random(1);
    Shape q = Shape.of(batch, queries, op.heads() * d);
    Shape k = Shape.of(batch, keys, op.kvHeads() * d);
    List<Shape> shapes = new ArrayList<>(List.of(q, k, k));
    if (mask != null) {
      shapes.add(Shape.of(mask));
    }
    shapes.add(q);
    List<FloatArray> in = shapes.stream().map(s -> OnDevice.normal(random, s.size())).toList();
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < in.size(); i++) {
      nodes.add(Node.data(Storage.of(in.get(i).toHeapArray()), shapes.get(i)));
    }
    Node gradient = Node.of(new AttentionGrad(op), nodes.toArray(new Node[0]));
    Node dOutNode = nodes.removeLast();
    assertThat(dOutNode.shape()).isEqualTo(q);
    Node forward = Node.of(op, nodes.toArray(new Node[0]));

    AttentionCalls calls =
        new AttentionCalls(
            MatrixProduct.forDevice(type), op, q, k, mask == null ? null : Shape.of(mask));
    FloatArray maskIn = mask == null ? null : in.get(3);
    FloatArray p = scratch(calls.scores());
    FloatArray out = scratch(q.size());
    OnDevice.run(calls.forward(in.get(0), in.get(1), in.get(2), maskIn, p, out), out);
    compare(op + " forward", out, reference(forward));
    if (op.heads() == op.kvHeads()) {
      FloatArray dP = scratch(calls.scores());
      FloatArray grads = scratch(q.size() + 2 * k.size());
      FloatArray dOut = in.getLast();
      OnDevice.run(
          calls.gradient(in.get(0), in.get(1), in.get(2), maskIn, dOut, p, dP, grads), grads);
      compare(op + " gradient", grads, reference(gradient));
    }
  }

  private static FloatArray scratch(int n) {
    FloatArray a = new FloatArray(n);
    a.init(Float.NaN);
    return a;
  }

  private static float[] reference(Node node) {
    ReferenceBackend backend = new ReferenceBackend();
    Storage out = Storage.allocate(DType.FLOAT32, node.shape().size());
    List<Node> roots = List.of(node);
    Trace trace = Trace.of(roots, Collections.nCopies(1, null));
    backend
        .compile(Engine.program(backend, roots))
        .run(trace.inputs(), new Storage[] {out}, () -> {});
    return out.toFloats();
  }

  private static void compare(String what, FloatArray actual, float[] expected) {
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual.get(i))
          .as("%s, element %s of %s", what, i, expected.length)
          .isCloseTo(expected[i], org.assertj.core.data.Offset.offset(2e-5f));
    }
  }
}
