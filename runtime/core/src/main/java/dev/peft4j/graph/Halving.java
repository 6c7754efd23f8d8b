package dev.peft4j.graph;

import dev.peft4j.data.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Hands 16-bit weights to the kernels that read them as they are, so that no float32 copy of them
 * is made.
 */
final class Halving {
  private Halving() {}

  static List<Node> halve(List<Node> roots, Support support) {
    List<Node> order = Lowering.sorted(roots);
    if (order.stream().noneMatch(Halving::isHalfWeight)) {
      return roots;
    }
    Map<Node, Node> mapped = new IdentityHashMap<>();
    for (Node n : order) {
      Node[] in = new Node[n.inputs().length];
      Shape[] shapes = Arrays.stream(n.inputs()).map(Node::shape).toArray(Shape[]::new);
      boolean changed = false;
      for (int i = 0; i < in.length; i++) {
        Node x = n.input(i);
        // only a widening has a 16-bit input
        boolean direct =
            x.inputs().length == 1
                && isHalfWeight(x.input(0))
                && support.readsHalf(n.op(), i, shapes);
        in[i] = Objects.requireNonNull(mapped.get(direct ? x.input(0) : x));
        changed |= in[i] != x;
      }
      mapped.put(n, changed ? n.over(in) : n);
    }
    List<Node> out = new ArrayList<>();
    roots.forEach(r -> out.add(Objects.requireNonNull(mapped.get(r))));
    return out;
  }

  private static boolean isHalfWeight(Node n) {
    return n.dtype().isHalf() && n.op() instanceof Placeholder p && p.frozen();
  }
}
