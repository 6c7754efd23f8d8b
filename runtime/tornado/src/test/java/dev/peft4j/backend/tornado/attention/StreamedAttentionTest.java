package dev.peft4j.backend.tornado.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.backend.Engine;
import dev.peft4j.backend.reference.ReferenceBackend;
import dev.peft4j.backend.tornado.kernel.OnDevice;
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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Attention without scores, forward and gradient, against the reference backend. */
class StreamedAttentionTest {
  private static final Shape NONE = null;
  private static final int[] ALL = null;

  @Test
  void everyQuerySeesEveryKey() {
    check(new Attention(4, 2, false, 0.5f), 2, 3, 9, 8, NONE, NONE, ALL);
  }

  @Test
  void heedsMasksAndSharedHeads() {
    check(new Attention(6, 2, true, 0.3f), 2, 5, 7, 5, Shape.of(6, 1, 7), NONE, ALL);
    check(new Attention(3, 3, false, 0.3f), 2, 4, 6, 1, Shape.of(2, 1, 4, 1), NONE, ALL);
  }

  @Test
  void heedsWindowsAndCaps() {
    check(Attention.causal(2, 1, 0.7f).within(3).capped(2), 1, 11, 11, 4, NONE, NONE, ALL);
    Attention wide = new Attention(2, 2, false, 1).within(2);
    check(wide, 2, 6, 9, 7, Shape.of(9), NONE, ALL);
  }

  @Test
  void heedsThePlacesOfTheFirstQueries() {
    Attention op = Attention.causal(4, 2, 0.5f).capped(3);
    check(op, 3, 2, 16, 6, NONE, Shape.of(3), new int[] {0, 5, 14});
    check(op.within(4), 2, 3, 16, 6, Shape.of(4, 1, 16), Shape.of(1), new int[] {9});
  }

  @Test
  void heedsRangesAndQueriesThatSeeNothing() {
    int[] ranges = {0, 4, 0, 4, 1, 3, 4, 4, 0, 9, 2, 3, -1, 2, 3, 4};
    check(Attention.causal(2, 1, 1), 2, 4, 4, 3, NONE, Shape.of(2, 4, 2), ranges);
    int[] one = {1, 4, 0, 5, 5, 5};
    check(new Attention(2, 2, false, 1), 2, 3, 5, 9, Shape.of(5), Shape.of(1, 3, 2), one);
  }

  @Test
  void largeScoresAreNoTrouble() {
    check(new Attention(1, 1, true, 300), 1, 6, 6, 16, NONE, NONE, ALL);
  }

  private static void check(
      Attention op,
      int batch,
      int queries,
      int keys,
      int d,
      @Nullable Shape mask,
      @Nullable Shape ofRanges,
      int @Nullable [] ranges) {
    Random random = new Random(3);
    Shape q = Shape.of(batch, queries, op.heads() * d);
    Shape k = Shape.of(batch, keys, op.kvHeads() * d);
    FloatArray[] in = new FloatArray[4];
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Shape s = i == 0 ? q : k;
      in[i] = OnDevice.normal(random, s.size());
      nodes.add(Node.data(Storage.of(in[i].toHeapArray()), s));
    }
    in[3] = mask == null ? OnDevice.array(0) : OnDevice.normal(random, mask.size());
    Node maskNode = mask == null ? null : Node.data(Storage.of(in[3].toHeapArray()), mask);
    Node seen = ranges == null ? null : Node.data(Storage.of(ranges), ofRanges);
    Node forward = op.of(nodes.get(0), nodes.get(1), nodes.get(2), maskNode, seen);
    Attention made = (Attention) forward.op();
    List<Node> all = new ArrayList<>(List.of(forward.inputs()));
    FloatArray dOut = OnDevice.normal(random, q.size());
    all.add(Node.data(Storage.of(dOut.toHeapArray()), q));
    Node gradient = Node.of(new AttentionGrad(made), all.toArray(new Node[0]));

    StreamedAttention calls = new StreamedAttention(made, q, k, mask, ofRanges);
    StreamedAttention.Inputs inputs =
        new StreamedAttention.Inputs(
            in[0],
            in[1],
            in[2],
            in[3],
            ranges == null ? IntArray.fromElements(0) : IntArray.fromArray(ranges),
            FloatArray.fromArray(calls.settings()));
    FloatArray out = scratch(q.size());
    OnDevice.run(List.of(calls.forward(inputs, out)), out);
    compare(op + " forward", out, reference(forward));
    FloatArray grads = scratch(q.size() + 2 * k.size());
    OnDevice.run(calls.gradient(inputs, dOut, scratch(calls.kept()), grads), grads);
    compare(op + " gradient", grads, reference(gradient));
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
      float scale = Math.max(1, Math.abs(expected[i]));
      assertThat(actual.get(i))
          .as("%s, element %s of %s", what, i, expected.length)
          .isCloseTo(expected[i], within(2e-5f * scale));
    }
  }
}
