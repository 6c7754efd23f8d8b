package dev.peft4j.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What one op computes and another one of the same inputs computes on the way is computed once: the
 * loss of a training step is a part of what its gradient's pass gives ({@link Op#partOf}).
 */
final class Sharing {
  private Sharing() {}

  static List<Node> share(List<Node> roots, Lowering lowering) {
    List<Node> order = Lowering.sorted(roots);
    Map<Node, Node> parts = parts(order);
    if (parts.isEmpty()) {
      return roots;
    }
    Map<Node, Node> mapped = new IdentityHashMap<>();
    for (Node n : order) {
      if (n.op() instanceof Placeholder) {
        mapped.put(n, n);
        continue;
      }
      // the wider op has the same inputs, so it may be computed as early
      Node whole = parts.get(n);
      Node source = whole == null ? n : whole;
      Node[] in = new Node[source.inputs().length];
      for (int i = 0; i < in.length; i++) {
        in[i] = Objects.requireNonNull(mapped.get(source.input(i)));
      }
      Node made = lowering.lower(source.op(), in);
      if (whole != null) {
        Node part = Objects.requireNonNull(n.op().partOf(made));
        made = Lowering.sameShape(n.op(), n.shape(), lowering.lowerAll(part));
      }
      mapped.put(n, made);
    }
    List<Node> out = new ArrayList<>();
    roots.forEach(r -> out.add(Objects.requireNonNull(mapped.get(r))));
    return out;
  }

  /** Returns for each node that is a part of another one that other one. */
  private static Map<Node, Node> parts(List<Node> order) {
    Map<List<Node>, List<Node>> byInputs = new HashMap<>();
    for (Node n : order) {
      if (n.inputs().length > 0) {
        byInputs.computeIfAbsent(Arrays.asList(n.inputs()), k -> new ArrayList<>(1)).add(n);
      }
    }
    Map<Node, Node> parts = new IdentityHashMap<>();
    for (List<Node> same : byInputs.values()) {
      for (int i = 0; same.size() > 1 && i < same.size(); i++) {
        Node n = same.get(i);
        same.stream()
            .filter(o -> o != n && n.op().partOf(o) != null)
            .findFirst()
            .ifPresent(o -> parts.put(n, o));
      }
    }
    return parts;
  }
}
