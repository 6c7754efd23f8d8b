package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Gated recurrent units (Cho et al. 2014; torch's {@code nn.GRU} with {@code batch_first}), which
 * start from zeros. Parameters have torch's names and its order of gates: reset, update, new.
 */
public class Gru extends Recurrent {
  /**
   * The result of a GRU.
   *
   * @param output (batch, length, directions · hidden)
   * @param hidden the last h, (layers · directions, batch, hidden)
   */
  public record Result(Tensor output, Tensor hidden) {}

  /** Creates one layer in one direction. */
  public Gru(int in, int hidden) {
    this(in, hidden, 1, false);
  }

  /** Creates stacked layers, optionally in both directions. */
  public Gru(int in, int hidden, int layers, boolean bidirectional) {
    super("Gru", 3, in, hidden, layers, bidirectional);
  }

  /** Runs over x (batch, length, in). */
  public Result forward(Tensor x) {
    List<Tensor> r = runAll(x);
    return new Result(r.get(0), r.get(1));
  }

  @Override
  Run run(Cell cell, List<Tensor> inputs) {
    Tensor h = Tensor.zeros(inputs.get(0).dim(0), hidden());
    List<Tensor> outputs = new ArrayList<>();
    for (Tensor x : inputs) {
      List<Tensor> i = cell.ofInput(x).chunk(3, 1);
      List<Tensor> s = cell.ofState(h).chunk(3, 1);
      Tensor reset = i.get(0).add(s.get(0)).sigmoid();
      Tensor update = i.get(1).add(s.get(1)).sigmoid();
      Tensor fresh = i.get(2).add(reset.mul(s.get(2))).tanh();
      h = fresh.add(update.mul(h.sub(fresh)));
      outputs.add(h);
    }
    return new Run(outputs, List.of(h));
  }
}
