package dev.peft4j.nn;

import dev.peft4j.data.Rng;
import dev.peft4j.data.ShapeException;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;

/**
 * The common parts of {@link Lstm} and {@link Gru}: layers, directions and the names of torch's
 * parameters ({@code weight_ih_l0}, {@code bias_hh_l1_reverse}, …). Each length is a program of its
 * own.
 */
abstract class Recurrent extends Module {
  /** The parameters of one layer in one direction. */
  record Cell(Parameter weightIh, Parameter weightHh, Parameter biasIh, Parameter biasHh) {
    Tensor ofInput(Tensor x) {
      return x.linear(weightIh, biasIh);
    }

    Tensor ofState(Tensor h) {
      return h.linear(weightHh, biasHh);
    }
  }

  /** The results at all positions, and the state after the last one. */
  record Run(List<Tensor> outputs, List<Tensor> last) {}

  private final List<Cell> cells = new ArrayList<>();
  private final int in;
  private final int hidden;
  private final boolean bidirectional;

  Recurrent(String name, int gates, int in, int hidden, int layers, boolean bidirectional) {
    if (in < 1 || hidden < 1 || layers < 1) {
      throw new IllegalArgumentException(
          "%s(%d, %d, %d): sizes and layers must be at least 1"
              .formatted(name, in, hidden, layers));
    }
    this.in = in;
    this.hidden = hidden;
    this.bidirectional = bidirectional;
    Rng rng = Rng.current();
    int directions = bidirectional ? 2 : 1;
    for (int i = 0; i < layers * directions; i++) {
      int width = i < directions ? in : hidden * directions;
      int rows = gates * hidden;
      cells.add(
          new Cell(
              drawn(rng, rows, width),
              drawn(rng, rows, hidden),
              drawn(rng, rows),
              drawn(rng, rows)));
    }
  }

  private Parameter drawn(Rng rng, int... shape) {
    float bound = (float) (1 / Math.sqrt(hidden));
    int n = java.util.Arrays.stream(shape).reduce(1, Math::multiplyExact);
    return new Parameter(rng.uniform(n, -bound, bound), shape);
  }

  /** Returns the parameters by torch's names. */
  @Override
  public SequencedMap<String, Parameter> ownParameters() {
    SequencedMap<String, Parameter> own = new LinkedHashMap<>();
    int directions = bidirectional ? 2 : 1;
    for (int i = 0; i < cells.size(); i++) {
      String end = "_l" + i / directions + (i % directions == 1 ? "_reverse" : "");
      Cell c = cells.get(i);
      own.put("weight_ih" + end, c.weightIh);
      own.put("weight_hh" + end, c.weightHh);
      own.put("bias_ih" + end, c.biasIh);
      own.put("bias_hh" + end, c.biasHh);
    }
    return own;
  }

  final int hidden() {
    return hidden;
  }

  /** Runs one cell over positions in order. */
  abstract Run run(Cell cell, List<Tensor> inputs);

  /**
   * Runs all layers over x (batch, length, in).
   *
   * @return the result (batch, length, directions · hidden), and the parts of the state, each
   *     (layers · directions, batch, hidden)
   */
  final List<Tensor> runAll(Tensor x) {
    if (x.shape().rank() != 3 || x.dim(2) != in || x.dim(1) == 0) {
      throw new ShapeException(
          "%s: input of shape %s, needed (batch, length, %d) with a length of at least 1"
              .formatted(getClass().getSimpleName(), x.shape(), in));
    }
    List<Tensor> inputs = new ArrayList<>();
    for (int t = 0; t < x.dim(1); t++) {
      inputs.add(x.slice(1, t, t + 1).squeeze(1));
    }
    List<List<Tensor>> states = new ArrayList<>();
    int directions = bidirectional ? 2 : 1;
    for (int layer = 0; layer < cells.size() / directions; layer++) {
      Run forward = run(cells.get(layer * directions), inputs);
      states.add(forward.last);
      if (bidirectional) {
        Run back = run(cells.get(layer * 2 + 1), reversed(inputs));
        states.add(back.last);
        inputs = joined(forward.outputs, reversed(back.outputs));
      } else {
        inputs = forward.outputs;
      }
    }
    List<Tensor> result = new ArrayList<>();
    result.add(Tensor.stack(1, inputs.toArray(Tensor[]::new)));
    for (int part = 0; part < states.get(0).size(); part++) {
      int p = part;
      result.add(Tensor.stack(0, states.stream().map(s -> s.get(p)).toArray(Tensor[]::new)));
    }
    seen(result.getFirst());
    return result;
  }

  private static List<Tensor> reversed(List<Tensor> all) {
    List<Tensor> copy = new ArrayList<>(all);
    Collections.reverse(copy);
    return copy;
  }

  private static List<Tensor> joined(List<Tensor> a, List<Tensor> b) {
    List<Tensor> out = new ArrayList<>();
    for (int i = 0; i < a.size(); i++) {
      out.add(Tensor.concat(-1, a.get(i), b.get(i)));
    }
    return out;
  }

  @Override
  protected String extraRepr() {
    int layers = cells.size() / (bidirectional ? 2 : 1);
    return in
        + ", "
        + hidden
        + (layers == 1 ? "" : ", num_layers=" + layers)
        + ", batch_first=True"
        + (bidirectional ? ", bidirectional=True" : "");
  }

  @Override
  protected String typeName() {
    return getClass().getSimpleName().toUpperCase(Locale.ROOT);
  }
}
