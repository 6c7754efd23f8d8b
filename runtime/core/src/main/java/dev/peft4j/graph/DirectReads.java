package dev.peft4j.graph;

import dev.peft4j.data.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Hands weights in codes to the kernels that read them as they lie, so that they are not decoded
 * for those.
 */
final class DirectReads {
  private DirectReads() {}

  static List<Node> of(List<Node> roots, Support support) {
    List<Node> order = Lowering.sorted(roots);
    if (order.stream().noneMatch(DirectReads::isCodedWeight)) {
      return roots;
    }
    Map<Node, Node> mapped = new IdentityHashMap<>();
    for (Node n : order) {
      Node[] in = new Node[n.inputs().length];
      Shape[] shapes = Arrays.stream(n.inputs()).map(Node::shape).toArray(Shape[]::new);
      boolean changed = false;
      for (int i = 0; i < in.length; i++) {
        Node x = n.input(i);
        boolean direct =
            x.op() instanceof Decode
                && isCodedWeight(x.input(0))
                && support.reads(n.op(), i, x.input(0).encoding(), shapes);
        in[i] = Objects.requireNonNull(mapped.get(direct ? x.input(0) : x));
        changed |= in[i] != x;
      }
      mapped.put(n, changed ? n.over(in) : n);
    }
    List<Node> out = new ArrayList<>();
    roots.forEach(r -> out.add(Objects.requireNonNull(mapped.get(r))));
    return out;
  }

  private static boolean isCodedWeight(Node n) {
    return !n.encoding().isPlain() && n.op() instanceof Placeholder p && p.frozen();
  }
}
