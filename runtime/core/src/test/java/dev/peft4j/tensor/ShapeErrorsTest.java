package dev.peft4j.tensor;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.op.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Wrong shapes and types are refused by the call that is wrong, with a message that names op and
 * shapes.
 */
class ShapeErrorsTest {
  private final List<DynamicTest> tests = new ArrayList<>();
  private final Tensor x = Tensor.zeros(2, 3);
  private final Tensor ids = Tensor.of(new int[] {0, 1});

  @TestFactory
  List<DynamicTest> elementwise() {
    wrong(
        () -> x.add(Tensor.zeros(4)),
        "add: shapes (2, 3) and (4,) do not broadcast: sizes 3 and 4 in dimension -1");
    wrong(
        () -> x.sub(Tensor.zeros(3, 3)),
        "sub: shapes (2, 3) and (3, 3)",
        "sizes 2 and 3 in dimension -2");
    wrong(() -> x.mul(Tensor.zeros(2)), "mul: shapes (2, 3) and (2,)");
    wrong(() -> x.div(Tensor.zeros(2)), "div: shapes (2, 3) and (2,)");
    wrong(() -> x.maximum(Tensor.zeros(2)), "maximum: shapes (2, 3) and (2,)");
    wrong(() -> x.minimum(Tensor.zeros(2)), "minimum: shapes (2, 3) and (2,)");
    wrong(() -> x.maskedFill(Tensor.zeros(2), 1), "maskedFill: shapes (2, 3) and (2,)");
    wrong(() -> x.mseLoss(Tensor.zeros(3)), "mseLoss", "(2, 3)", "(3,)");
    wrong(() -> x.dropout(0.5f, ids), "dropout: the key is INT32 (2,), needed one INT64");
    wrong(() -> Tensor.of(BroadcastTo.of(x.node(), Shape.of(3))), "broadcastTo", "(2, 3)", "(3,)");
    return tests;
  }

  @TestFactory
  List<DynamicTest> integersWhereFloatsAreNeeded() {
    Tensor square = Tensor.of(new int[4], 2, 2);
    wrong(() -> x.add(ids), "add: input 1 is INT32 (2,), needed FLOAT32; see toFloat()");
    wrong(ids::exp, "exp: input 0 is INT32 (2,)");
    wrong(() -> Tensor.of(new long[] {1}).neg(), "neg: input 0 is INT64 (1,)");
    wrong(() -> square.matmul(square), "MatMul: input 0 is INT32 (2, 2)");
    wrong(() -> x.linear(Tensor.of(new int[6], 2, 3), null), "linear: input 1 is INT32 (2, 3)");
    wrong(ids::sum, "SumTo: input 0 is INT32 (2,)");
    wrong(ids::max, "MaxTo: input 0 is INT32 (2,)");
    wrong(() -> square.softmax(-1), "Softmax: input 0 is INT32 (2, 2)");
    wrong(() -> square.embedding(ids), "gather: table of type INT32 (2, 2)");
    wrong(() -> square.crossEntropy(ids), "crossEntropy: logits of type INT32 (2, 2)");
    return tests;
  }

  @TestFactory
  List<DynamicTest> products() {
    wrong(
        () -> x.matmul(x),
        "matmul: shapes (2, 3) and (2, 3): the inner sizes 3 and 2 must be equal");
    wrong(
        () -> x.matmul(Tensor.zeros(3)),
        "matmul: shapes (2, 3) and (3,): both need at least two dimensions");
    wrong(
        () -> Tensor.zeros(2, 3, 4).matmul(Tensor.zeros(3, 4, 5)), "matmul: shapes (2,) and (3,)");
    wrong(
        () -> x.linear(Tensor.zeros(5, 4), null),
        "linear: input of shape (2, 3) and weight of shape (5, 4)",
        "must be 4");
    wrong(
        () -> x.linear(Tensor.zeros(3), null),
        "linear: the weight has shape (3,), needed (out, in)");
    wrong(
        () -> x.linear(Tensor.zeros(5, 3), Tensor.zeros(3)),
        "linear: bias of shape (3,)",
        "(5, 3)",
        "must be (5,)");
    wrong(() -> Tensor.scalar(1).linear(Tensor.zeros(5, 3), null), "linear: input of shape ()");
    Tensor image = Tensor.zeros(1, 2, 5, 5);
    Tensor w = Tensor.zeros(4, 2, 3, 3);
    Window three = Window.square(3, 1, 0);
    wrong(
        () -> x.conv2d(w, null, three),
        "conv2d: input of shape (2, 3) and weight of shape (4, 2, 3, 3)");
    wrong(
        () -> image.conv2d(Tensor.zeros(4, 3, 3, 3), null, three),
        "conv2d: input of shape (1, 2, 5, 5) and weight of shape (4, 3, 3, 3)");
    wrong(
        () -> image.conv2d(w, Tensor.zeros(3), three),
        "conv2d: bias of shape (3,)",
        "(4, 2, 3, 3)");
    wrong(
        () -> image.conv2d(w, null, Window.square(2, 1, 0)),
        "conv2d: weight of shape (4, 2, 3, 3)",
        "2 x 2");
    wrong(
        () -> Tensor.zeros(1, 2, 2, 5).conv2d(w, null, three),
        "conv2d: a kernel of 3",
        "a side of 2");
    return tests;
  }

  @TestFactory
  List<DynamicTest> windows() {
    int most = Integer.MAX_VALUE;
    wrong(() -> Window.square(0, 1, 0), "window: a kernel of 0 x 0, needed 1 or more");
    wrong(() -> Window.square(-3, 1, 0), "window: a kernel of -3 x -3");
    wrong(() -> Window.square(70_000, 1, 0), "window: a kernel of 70000 x 70000", "elements");
    wrong(() -> new Window(3, 3, 1, 0, 0, 0, 1, 1), "window: a stride of 1 x 0");
    wrong(() -> new Window(3, 3, -1, 1, 0, 0, 1, 1), "window: a stride of -1 x 1");
    wrong(() -> new Window(3, 3, 1, 1, 0, -1, 1, 1), "window: a padding of 0 x -1, needed 0");
    wrong(() -> new Window(3, 3, 1, 1, 0, 0, 0, 1), "window: a dilation of 0 x 1");
    wrong(() -> new Window(3, 3, 1, 1, 0, 0, 1, Integer.MIN_VALUE), "window: a dilation of 1 x -2");
    Tensor image = Tensor.zeros(1, 1, 5, 5);
    Tensor w = Tensor.zeros(1, 1, 3, 3);
    wrong(
        () -> image.conv2d(w, null, new Window(3, 3, 1, 1, most, 0, 1, 1)),
        "conv2d: a side of 5 with padding 2147483647 is 4294967299 long");
    wrong(
        () -> image.conv2d(w, null, new Window(3, 3, 1, 1, 0, 1 << 30, 1, 1)),
        "conv2d: a side of 5 with padding 1073741824");
    wrong(
        () -> image.conv2d(w, null, new Window(3, 3, 1, 1, 0, 0, 1, most)),
        "conv2d: a kernel of 3 (dilation 2147483647) is larger than a side of 5");
    wrong(
        () -> image.conv2d(w, null, new Window(3, 3, 1, 1, 100_000, 100_000, 1, 1)),
        "conv2d: input of shape (1, 1, 5, 5) has 40001200009 positions");
    return tests;
  }

  @TestFactory
  List<DynamicTest> shapes() {
    wrong(() -> x.reshape(4), "reshape: shape (2, 3) has 6 elements, the new shape (4,) has 4");
    wrong(() -> x.reshape(4, -1), "reshape: shape (2, 3) does not divide into [4, -1]");
    wrong(() -> x.reshape(-1, -1), "reshape: shape (2, 3)", "[-1, -1]");
    wrong(() -> x.transpose(0, 2), "transpose: shape (2, 3) has no dimension 2");
    wrong(() -> x.permute(0), "permute: [0] is not an order of the dimensions of shape (2, 3)");
    wrong(() -> x.permute(0, 0), "permute: [0, 0]", "(2, 3)");
    wrong(() -> x.permute(0, 2), "permute: [0, 2]", "(2, 3)");
    wrong(() -> x.slice(0, 1, 3), "slice: 1 to 3 is outside dimension 0 of shape (2, 3)");
    wrong(() -> x.slice(1, -1, 2), "slice: -1 to 2 is outside dimension 1 of shape (2, 3)");
    wrong(() -> x.slice(1, 2, 1), "slice: 2 to 1");
    wrong(() -> x.slice(2, 0, 1), "slice: shape (2, 3) has no dimension 2");
    wrong(
        () -> Tensor.concat(0, x, Tensor.zeros(2, 4)),
        "concat: (2, 3)",
        "(2, 4)",
        "all dimensions but 0");
    wrong(() -> Tensor.concat(0, x, Tensor.zeros(3)), "concat: (2, 3)", "(3,)");
    wrong(
        () -> Tensor.concat(0, x, Tensor.of(new int[3], 1, 3)),
        "concat: (2, 3) FLOAT32",
        "(1, 3) INT32");
    wrong(() -> Tensor.concat(3, x, x), "concat: shape (2, 3) has no dimension 3");
    wrong(() -> Tensor.concat(0), "concat: needs at least one tensor");
    wrong(() -> Tensor.of(new float[5], 2, 3), "(2, 3) holds 6 elements, found 5");
    wrong(() -> Tensor.zeros(-1), "[-1]", "negative");
    wrong(() -> Tensor.zeros(70_000, 70_000), "[70000, 70000]", "2147483647");
    wrong(() -> Tensor.zeros(0, 70_000, -1), "[0, 70000, -1]", "negative");
    wrong(() -> Tensor.zeros(0, 70_000, 70_000).sum(0), "[1, 70000, 70000]", "2147483647");
    wrong(
        () -> Tensor.concat(0, Tensor.zeros(2_000_000_000, 0), Tensor.zeros(2_000_000_000, 0)),
        "concat: 4000000000 along dimension 0");
    wrong(() -> Tensor.zeros(3, 0).argmax(), "argmax: shape (3, 0) has rows without elements");
    return tests;
  }

  @TestFactory
  List<DynamicTest> reductionsAndRows() {
    Tensor none = Tensor.zeros(0, 3);
    wrong(() -> x.sum(2), "sum: shape (2, 3) has no dimension 2");
    wrong(() -> x.mean(-3), "mean: shape (2, 3) has no dimension -3");
    wrong(() -> x.maxKeep(2), "max: shape (2, 3) has no dimension 2");
    wrong(none::mean, "mean: shape (0, 3) has no elements");
    wrong(none::max, "max: shape (0, 3) has no elements");
    wrong(() -> x.softmax(2), "softmax: shape (2, 3) has no dimension 2");
    wrong(
        () -> Tensor.scalar(1).softmax(-1),
        "softmax: shape () has no dimension -1; it is a single value");
    wrong(() -> Tensor.zeros(2, 0).softmax(-1), "softmax: shape (2, 0)");
    wrong(() -> x.logSoftmax(2), "logSoftmax: shape (2, 3) has no dimension 2");
    wrong(
        () -> x.layerNorm(Tensor.zeros(2), Tensor.zeros(3), 1e-5f),
        "layerNorm: input of shape (2, 3)",
        "(3,), found (2,)");
    wrong(
        () -> x.layerNorm(Tensor.zeros(3), Tensor.zeros(1, 3), 1e-5f),
        "layerNorm: input of shape (2, 3)",
        "(1, 3)");
    wrong(
        () -> x.rmsNorm(Tensor.zeros(2), 1e-5f),
        "rmsNorm: input of shape (2, 3)",
        "(3,), found (2,)");
    return tests;
  }

  @TestFactory
  List<DynamicTest> lookupsAndAttention() {
    wrong(
        () -> x.embedding(Tensor.zeros(2)),
        "gather: table of type FLOAT32 (2, 3) and ids of type FLOAT32 (2,)");
    wrong(() -> Tensor.zeros(3).embedding(ids), "gather: table of type FLOAT32 (3,)", "(rows, n)");
    wrong(
        () -> x.crossEntropy(Tensor.of(new int[3])),
        "crossEntropy: logits of type FLOAT32 (2, 3)",
        "INT32 (3,)");
    wrong(() -> x.crossEntropy(Tensor.zeros(2)), "crossEntropy", "FLOAT32 (2,)", "integer labels");
    wrong(() -> Tensor.zeros(3).crossEntropy(ids), "crossEntropy: logits of type FLOAT32 (3,)");
    wrong(
        () -> Tensor.zeros(0, 3).crossEntropy(Tensor.of(new int[0])),
        "crossEntropy: logits of shape (0, 3): the batch is empty");
    Tensor q = Tensor.zeros(2, 5, 8);
    Tensor k = Tensor.zeros(2, 7, 4);
    wrong(
        () -> Tensor.attention(q, k, k, null, 4, 4, false),
        "attention: q (2, 5, 8), k (2, 7, 4), v (2, 7, 4)",
        "4 heads");
    wrong(() -> Tensor.attention(q, k, k, null, 3, 1, false), "attention: q (2, 5, 8)", "3 heads");
    wrong(
        () -> Tensor.attention(q, q, k, null, 4, 2, false),
        "attention: q (2, 5, 8), k (2, 5, 8), v (2, 7, 4)");
    wrong(() -> Tensor.attention(x, x, x, null, 1, 1, false), "attention: q (2, 3)");
    wrong(
        () -> Tensor.attention(q, k, k, Tensor.zeros(5, 5), 4, 2, false),
        "attention mask: shapes (5, 5) and (2, 4, 5, 7)");
    wrong(
        () -> Tensor.attention(q, k, k, Tensor.zeros(3, 1, 1, 1, 7), 4, 2, false),
        "mask of shape (3, 1, 1, 1, 7)",
        "(2, 4, 5, 7)");
    return tests;
  }

  private void wrong(Supplier<?> call, String... parts) {
    tests.add(
        dynamicTest(
            String.join(" … ", parts),
            () ->
                assertThatThrownBy(call::get)
                    .isInstanceOf(ShapeException.class)
                    .hasMessageContainingAll(parts)));
  }
}
