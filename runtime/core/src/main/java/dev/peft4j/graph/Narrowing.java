package dev.peft4j.graph;

import dev.peft4j.data.Shape;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Restriction of the computation to what is read: if all consumers of a node take the same part of
 * it (the first token of each sequence, for example), and the node's op works part by part, the
 * part is taken of its inputs instead. In a classifier that reads one token this saves most of the
 * last layer.
 *
 * <p>Which part of an input is needed for a part of the result is defined by the op ({@link
 * Op#partAxes}): the same part along an axis where the input has the result's size, all of it where
 * it is repeated or summed over. A size of 1 alone does not distinguish the two. In any case the
 * node that replaces another must have the shape that was read of it, or no program is built.
 */
final class Narrowing {
  /** The part of a node that consumers read along an axis, or all of it if {@code part} is null. */
  private record Need(@Nullable TakesPart part, int axis) {
    static final Need WHOLE = new Need(null, 0);

    Need and(@Nullable Need other) {
      if (other == null) {
        return this;
      }
      boolean same =
          part != null
              && other.part != null
              && axis == other.axis
              && part.from() == other.part.from()
              && part.to() == other.part.to();
      return same ? this : WHOLE;
    }
  }

  private final List<Node> order;
  private final Map<Node, Need> needs = new IdentityHashMap<>();

  /** For each narrowed node, the axis to slice of each input; -1 for all of it. */
  private final Map<Node, int[]> narrowed = new IdentityHashMap<>();

  private Narrowing(List<Node> roots) {
    this.order = Lowering.sorted(roots);
    roots.forEach(r -> needs.put(r, Need.WHOLE));
  }

  static List<Node> narrow(List<Node> roots, Lowering lowering) {
    Narrowing n = new Narrowing(roots);
    n.decide();
    return n.narrowed.isEmpty() ? roots : n.rebuild(roots, lowering);
  }

  private void decide() {
    for (int i = order.size() - 1; i >= 0; i--) {
      Node n = order.get(i);
      Need need = needs.getOrDefault(n, Need.WHOLE);
      if (n.op() instanceof TakesPart part) {
        need(n.input(0), new Need(part, part.axis()));
        continue;
      }
      int[] axes = need.part == null ? null : n.op().partAxes(n.inputs(), n.shape(), need.axis);
      if (axes != null) {
        narrowed.put(n, axes);
      }
      for (int k = 0; k < n.inputs().length; k++) {
        need(n.input(k), axes == null || axes[k] < 0 ? Need.WHOLE : new Need(need.part, axes[k]));
      }
    }
  }

  private void need(Node n, Need need) {
    needs.merge(n, need, Need::and);
  }

  private List<Node> rebuild(List<Node> roots, Lowering lowering) {
    Map<Node, Node> mapped = new IdentityHashMap<>();
    for (Node n : order) {
      if (n.op() instanceof TakesPart && narrowed.containsKey(n.input(0))) {
        mapped.put(n, Lowering.sameShape(n.op(), n.shape(), get(mapped, n.input(0))));
        continue;
      }
      int[] axes = narrowed.get(n);
      Node[] in = new Node[n.inputs().length];
      for (int k = 0; k < in.length; k++) {
        in[k] = get(mapped, n.input(k));
        if (axes != null && axes[k] >= 0 && !narrowed.containsKey(n.input(k))) {
          TakesPart part = Objects.requireNonNull(needs.getOrDefault(n, Need.WHOLE).part);
          in[k] = lowering.lower(part.along(axes[k]), new Node[] {in[k]});
        }
      }
      Node made = n.op() instanceof Placeholder ? n : lowering.lower(n.op(), in);
      mapped.put(n, Lowering.sameShape(n.op(), narrowedShape(n), made));
    }
    List<Node> out = new ArrayList<>();
    roots.forEach(r -> out.add(get(mapped, r)));
    return out;
  }

  private Shape narrowedShape(Node n) {
    Need need = needs.getOrDefault(n, Need.WHOLE);
    return need.part == null || !narrowed.containsKey(n)
        ? n.shape()
        : n.shape().with(need.axis, need.part.to() - need.part.from());
  }

  private static Node get(Map<Node, Node> mapped, Node n) {
    return Objects.requireNonNull(mapped.get(n));
  }
}
