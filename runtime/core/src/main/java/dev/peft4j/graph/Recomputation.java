package dev.peft4j.graph;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The second computation of a model's segments in a backward pass. When the pass comes to a group
 * of segments, their nodes are made again over the group's inputs, and gradients are built from
 * those: what the first computation left inside the group is free in between.
 *
 * <p>Of {@code L} segments, groups of {@code k} keep the inputs of {@code L / k} groups and what is
 * inside one of them, which is least for {@code k = √(L · input / inside)}: memory grows with the
 * square root of {@code L}. The last group is not computed again, since the pass begins with it.
 */
final class Recomputation {
  /**
   * Half of the memory for all results inside, of which gradients read, and so keep, a quarter (in
   * a Llama with LoRA on all layers 0.28): an eighth.
   */
  private static final int SHARE_OF_MEMORY = 2;

  private static final class Group {
    final List<Node> wanted = new ArrayList<>();
    @Nullable Map<Node, Node> copies;
  }

  private final Map<Segment, Group> groups = new IdentityHashMap<>();

  private Recomputation() {}

  /**
   * Returns what to compute again, or null if nothing is.
   *
   * @param cone the nodes that get a gradient, later ones first
   */
  static @Nullable Recomputation of(List<Node> cone) {
    Map<Segment, List<Node>> found = new LinkedHashMap<>();
    for (int i = cone.size() - 1; i >= 0; i--) {
      Node n = cone.get(i);
      Segment s = n.segment();
      if (s != null && n.inputs().length > 0) {
        found.computeIfAbsent(s, k -> new ArrayList<>()).add(n);
      }
    }
    if (found.size() < 2) {
      return null;
    }
    long inside = 0;
    long inputs = 0;
    boolean always = false;
    for (Map.Entry<Segment, List<Node>> e : found.entrySet()) {
      List<Node> all = inside(e.getValue(), Set.of(e.getKey()));
      if (all.stream().anyMatch(n -> n.op().updates() >= 0)) {
        return null; // it writes to memory that outlives the step
      }
      inside += all.stream().mapToLong(Recomputation::bytes).sum();
      inputs += inputs(all, e.getKey());
      always |= e.getKey().always();
    }
    if (!always && inside < memory() / SHARE_OF_MEMORY) {
      return null;
    }
    int count = found.size();
    int size = (int) Math.max(1, Math.round(Math.sqrt((double) inputs * count / inside)));
    return grouped(found, Math.min(size, count));
  }

  private static Recomputation grouped(Map<Segment, List<Node>> found, int size) {
    Recomputation again = new Recomputation();
    int left = found.size();
    Group group = new Group();
    for (Map.Entry<Segment, List<Node>> e : found.entrySet()) {
      if (left <= size) {
        break; // the last group
      }
      again.groups.put(e.getKey(), group);
      group.wanted.addAll(e.getValue());
      if (--left % size == 0) {
        group = new Group();
      }
    }
    return again;
  }

  /** Returns the node that {@code n}'s gradient is computed from: itself, or its copy. */
  Node of(Node n) {
    Segment s = n.segment();
    Group group = s == null ? null : groups.get(s);
    if (group == null || n.inputs().length == 0) {
      return n;
    }
    Map<Node, Node> copies = group.copies;
    if (copies == null) {
      copies = copy(group);
      group.copies = copies;
    }
    return Objects.requireNonNull(copies.get(n));
  }

  private Map<Node, Node> copy(Group group) {
    Set<Segment> segments = new HashSet<>();
    groups.forEach(
        (s, g) -> {
          if (g == group) {
            segments.add(s);
          }
        });
    Map<Node, Node> copies = new IdentityHashMap<>();
    Map<Node, Node> names = new IdentityHashMap<>();
    for (Node n : inside(group.wanted, segments)) {
      Node[] in = n.inputs().clone();
      for (int i = 0; i < in.length; i++) {
        Node copy = copies.get(in[i]);
        // weights keep their own node, by which kernels know them; they change nothing
        boolean given = in[i].variable() != null || !in[i].encoding().isPlain();
        if (copy != null || !given) {
          in[i] = copy != null ? copy : names.computeIfAbsent(in[i], x -> Node.of(new Again(), x));
        }
      }
      copies.put(n, Node.of(n.op(), in));
    }
    return copies;
  }

  /** Returns the nodes of these segments that {@code wanted} is computed from, in order. */
  private static List<Node> inside(List<Node> wanted, Collection<Segment> segments) {
    Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    List<Node> all = new ArrayList<>();
    List<Node> open = new ArrayList<>();
    for (Node n : wanted) {
      if (seen.add(n)) {
        open.add(n);
      }
    }
    while (!open.isEmpty()) {
      Node n = open.removeLast();
      all.add(n);
      for (Node in : n.inputs()) {
        Segment s = in.segment();
        boolean isInside = s != null && in.inputs().length > 0 && segments.contains(s);
        if (isInside && seen.add(in)) {
          open.add(in);
        }
      }
    }
    all.sort(Comparator.comparingLong(Node::id));
    return all;
  }

  private static long bytes(Node n) {
    boolean view = n.inputs().length > 0 && n.op().viewOffset(n.input(0).shape(), n.shape()) >= 0;
    return view ? 0 : n.encoding().bytes(n.shape().elements());
  }

  /** Returns the bytes of what a segment reads of the segments before it. */
  private static long inputs(List<Node> all, Segment segment) {
    Set<Node> given = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Node n : all) {
      for (Node in : n.inputs()) {
        if (in.segment() != segment && in.inputs().length > 0 && in.requiresGrad()) {
          given.add(in);
        }
      }
    }
    return given.stream().mapToLong(n -> n.encoding().bytes(n.shape().elements())).sum();
  }

  private static long memory() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean os
        ? os.getTotalMemorySize()
        : Long.MAX_VALUE;
  }
}
