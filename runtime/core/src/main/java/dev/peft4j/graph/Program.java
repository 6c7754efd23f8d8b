package dev.peft4j.graph;

import dev.peft4j.data.DType;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A computation that a backend can compile: steps in order over numbered values. Values 0 …
 * inputs-1 are supplied at each run; each step defines one more. It contains shapes but no data, so
 * every run of the same structure uses it.
 */
public final class Program {
  /** An operation: it computes value {@code output} from the values {@code inputs}. */
  public record Step(Op op, int[] inputs, int output) {}

  private final int inputs;
  private final List<Shape> shapes;
  private final List<Encoding> encodings;
  private final List<Step> steps;
  private final int[] outputs;
  private final int[] targets;
  private final boolean[] frozen;
  private final boolean[] states;

  private Program(
      boolean[] frozen,
      boolean[] states,
      List<Shape> shapes,
      List<Encoding> encodings,
      List<Step> steps,
      int[] outputs,
      int[] targets) {
    this.frozen = frozen;
    this.states = states;
    this.inputs = frozen.length;
    this.shapes = List.copyOf(shapes);
    this.encodings = List.copyOf(encodings);
    this.steps = List.copyOf(steps);
    this.outputs = outputs;
    this.targets = targets;
  }

  /**
   * Turns a trace into a program: simplified, without dead or repeated computations, element-wise
   * chains fused.
   *
   * @param support the kernels of the backend; other ops are decomposed
   */
  public static Program of(Trace trace, Support support) {
    Lowering lowering = new Lowering(support);
    Map<Node, Node> mapped = new HashMap<>();
    List<Node> placeholders = new ArrayList<>();
    for (int i = 0; i < trace.leaves(); i++) {
      Node n = trace.node(i);
      Node placeholder = Node.of(new Placeholder(i, n.shape(), n.encoding(), Trace.frozen(n)));
      placeholders.add(placeholder);
      mapped.put(n, placeholder);
    }
    for (int i = trace.leaves(); i < trace.size(); i++) {
      Node[] uses = trace.uses(i);
      Node[] in = new Node[uses.length];
      for (int k = 0; k < in.length; k++) {
        in[k] = mapped.get(uses[k]);
      }
      mapped.put(trace.node(i), lowering.lower(trace.node(i).op(), in));
    }
    List<Node> roots = new ArrayList<>();
    int[] targets = new int[trace.roots().length];
    for (int r = 0; r < targets.length; r++) {
      roots.add(mapped.get(trace.roots()[r]));
      Node leaf = trace.targetLeaves()[r];
      targets[r] =
          leaf == null ? -1 : ((Placeholder) Objects.requireNonNull(mapped.get(leaf)).op()).index();
    }
    List<Node> fused = Fusion.fuse(Narrowing.narrow(Sharing.share(roots, lowering), lowering));
    boolean[] states = new boolean[trace.leaves()];
    for (int i = 0; i < states.length; i++) {
      states[i] = Trace.isState(trace.node(i));
    }
    List<Node> direct = DirectReads.of(fused, support);
    return assemble(placeholders, states, Rematerialization.of(direct, states), targets);
  }

  private static Program assemble(
      List<Node> placeholders, boolean[] states, List<Node> roots, int[] targets) {
    List<Shape> shapes = new ArrayList<>();
    List<Encoding> encodings = new ArrayList<>();
    Map<Node, Integer> ids = new HashMap<>();
    for (Node p : placeholders) {
      ids.put(p, shapes.size());
      shapes.add(p.shape());
      encodings.add(p.encoding());
    }
    List<Step> steps = new ArrayList<>();
    for (Node n : Lowering.sorted(roots)) {
      if (ids.containsKey(n)) {
        continue;
      }
      int[] in = new int[n.inputs().length];
      for (int i = 0; i < in.length; i++) {
        in[i] = Objects.requireNonNull(ids.get(n.input(i)));
      }
      ids.put(n, shapes.size());
      steps.add(new Step(n.op(), in, shapes.size()));
      shapes.add(n.shape());
      encodings.add(n.encoding());
    }
    int[] outputs = roots.stream().mapToInt(ids::get).toArray();
    boolean[] frozen = new boolean[placeholders.size()];
    for (int i = 0; i < frozen.length; i++) {
      frozen[i] = ((Placeholder) placeholders.get(i).op()).frozen();
    }
    for (int target : targets) {
      if (target >= 0) {
        frozen[target] = false;
      }
    }
    return new Program(frozen, states, shapes, encodings, steps, outputs, targets);
  }

  /** Returns the number of values that are supplied at each run. */
  public int inputs() {
    return inputs;
  }

  /**
   * Returns whether {@code value} is an input that seldom changes: a weight that is not trained. A
   * backend may keep a copy in a layout of its own; {@link dev.peft4j.data.Storage#version} shows
   * when it is out of date.
   */
  public boolean frozen(int value) {
    return value < inputs && frozen[value];
  }

  /** Returns whether {@code value} is the memory of a {@link State}, given as an input. */
  public boolean isState(int value) {
    return value < inputs && states[value];
  }

  /**
   * Returns whether output {@code o} is a state that the step which computes it {@link Op#updates}
   * and that nothing else reads, so that the step may work in the state's own memory.
   */
  public boolean updatesInPlace(int o) {
    int v = outputs[o];
    int state = targets[o];
    if (state < 0 || !isState(state) || v < inputs) {
      return false;
    }
    Step step = steps.get(v - inputs);
    int i = step.op.updates();
    if (i < 0 || step.inputs[i] != state) {
      return false;
    }
    int readers = 0;
    for (Step s : steps) {
      for (int in : s.inputs) {
        readers += in == state ? 1 : 0;
      }
    }
    for (int k = 0; k < outputs.length; k++) {
      readers += outputs[k] == state || k != o && outputs[k] == v ? 1 : 0;
    }
    return readers == 1;
  }

  /** Returns the number of values: inputs and results of steps. */
  public int values() {
    return shapes.size();
  }

  /** Returns the shape of a value. */
  public Shape shape(int value) {
    return shapes.get(value);
  }

  /** Returns the element type of a value, decoded where it is given in codes. */
  public DType dtype(int value) {
    return encodings.get(value).dtype();
  }

  /** Returns how a value lies in memory; only what is given is ever in codes. */
  public Encoding encoding(int value) {
    return encodings.get(value);
  }

  /** Returns the size of a value in bytes. */
  public long bytes(int value) {
    return encoding(value).bytes(shape(value).elements());
  }

  /** Returns the steps in the order in which they run. */
  public List<Step> steps() {
    return steps;
  }

  /** Returns the values that are read after a run. */
  public int[] outputs() {
    return outputs;
  }

  /** Returns, for each output, the input whose memory it replaces at the end of the run, or -1. */
  public int[] targets() {
    return targets;
  }

  /** Returns whether a run replaces a variable that is not a {@link State}, as a training step. */
  public boolean trains() {
    for (int target : targets) {
      if (target >= 0 && !states[target]) {
        return true;
      }
    }
    return false;
  }

  /** Returns the shapes of a step's inputs. */
  public Shape[] inputShapes(Step step) {
    Shape[] s = new Shape[step.inputs.length];
    for (int i = 0; i < s.length; i++) {
      s[i] = shape(step.inputs[i]);
    }
    return s;
  }

  @Override
  public String toString() {
    StringBuilder s = new StringBuilder();
    for (Step step : steps) {
      s.append('%').append(step.output).append(" = ").append(step.op.name());
      for (int in : step.inputs) {
        s.append(" %").append(in);
      }
      s.append("  ").append(shape(step.output)).append('\n');
    }
    return s.toString();
  }
}
