package dev.peft4j.op;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Op;
import org.jspecify.annotations.Nullable;

/**
 * The gradients of {@link Attention} for q, k and v, one after another in one flat buffer: they
 * share the probabilities, which are computed again from q and k instead of being stored. Inputs q,
 * k, v, optionally the mask and which keys are seen, and dO.
 */
public record AttentionGrad(Attention forward) implements Op {
  @Override
  public Shape shape(Node[] inputs) {
    return Shape.of(inputs[0].shape().size() + inputs[1].shape().size() + inputs[2].shape().size());
  }

  @Override
  public DType dtype(Node[] inputs) {
    return forward.gradientType(inputs);
  }

  /** Counts five products, one of them that of the scores, which are computed again. */
  @Override
  public long flops(Shape[] inputs, Shape output) {
    return 10 * inputs[0].elements() * inputs[1].dim(1);
  }

  @Override
  public @Nullable Node[] gradient(Node out, Node dOut) {
    throw new UnsupportedOperationException("second derivatives of attention");
  }

  /** Drops queries without a gradient: they add nothing to that of keys and values. */
  @Override
  public @Nullable Node simplify(Node[] inputs) {
    if (inputs[0].shape().elements() == 0 || inputs[1].shape().elements() == 0) {
      return BroadcastTo.zeros(shape(inputs));
    }
    int last = inputs.length - 1;
    if (!(inputs[last].op() instanceof Pad p) || p.axis() != 1 || !forward.seesAll()) {
      return null;
    }
    Node[] in = inputs.clone();
    int padded = in[0].shape().dim(1);
    in[0] = p.unpadded(in[0], 1);
    in[last] = in[last].input(0);
    if (in.length > 4) {
      in[3] = p.unpadded(in[3], Attention.maskAxis(in[3].shape(), 2, padded));
    }
    Node packed = Node.of(this, in);
    int queries = in[0].shape().size();
    Node dQ = Node.of(p, Reshape.of(Slice.of(packed, 0, 0, queries), in[0].shape()));
    return Concat.of(0, Reshape.of(dQ, -1), Slice.of(packed, 0, queries, packed.shape().dim(0)));
  }

  @Override
  public Node decompose(Node[] inputs) {
    Node[] given = java.util.Arrays.copyOf(inputs, inputs.length - 1);
    Node scores = forward.scores(given);
    Node p = forward.probabilities(given, scores);
    Node dO = Attention.split(inputs[inputs.length - 1], forward.heads());
    Node q = Attention.split(inputs[0], forward.heads());
    Node k = forward.spread(inputs[1]);
    Node v = forward.spread(inputs[2]);
    Node dV = MatMul.of(p, true, dO, false);
    Node dP = MatMul.of(dO, false, v, true);
    Node dS = Pointwise.mul(Node.of(new SoftmaxGrad(), p, dP), forward.scale());
    if (forward.softcap() > 0) { // tanh' = 1 - tanh²
      Node tanh = Pointwise.mul(scores, 1 / forward.softcap());
      Node slope = Pointwise.add(Pointwise.mul(Node.of(Pointwise.SQUARE, tanh), -1), 1);
      dS = Pointwise.mul(dS, slope);
    }
    Node dQ = MatMul.of(dS, false, k, false);
    Node dK = MatMul.of(dS, true, q, false);
    return Concat.of(
        0,
        Reshape.of(Attention.join(dQ), -1),
        Reshape.of(forward.gather(dK), -1),
        Reshape.of(forward.gather(dV), -1));
  }
}
