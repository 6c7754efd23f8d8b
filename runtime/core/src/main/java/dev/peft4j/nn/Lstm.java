package dev.peft4j.nn;

import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * A long short-term memory (Hochreiter and Schmidhuber 1997; torch's {@code nn.LSTM} with {@code
 * batch_first}), which starts from zeros. Parameters have torch's names and its order of gates:
 * input, forget, cell, output.
 */
public class Lstm extends Recurrent {
  /**
   * The result of an LSTM.
   *
   * @param output (batch, length, directions · hidden)
   * @param hidden the last h, (layers · directions, batch, hidden)
   * @param cell the last c, of the same shape
   */
  public record Result(Tensor output, Tensor hidden, Tensor cell) {}

  /** Creates one layer in one direction. */
  public Lstm(int in, int hidden) {
    this(in, hidden, 1, false);
  }

  /** Creates stacked layers, optionally in both directions. */
  public Lstm(int in, int hidden, int layers, boolean bidirectional) {
    super("Lstm", 4, in, hidden, layers, bidirectional);
  }

  /** Runs over x (batch, length, in). */
  public Result forward(Tensor x) {
    List<Tensor> r = runAll(x);
    return new Result(r.get(0), r.get(1), r.get(2));
  }

  @Override
  Run run(Cell cell, List<Tensor> inputs) {
    Tensor h = Tensor.zeros(inputs.get(0).dim(0), hidden());
    Tensor c = h;
    List<Tensor> outputs = new ArrayList<>();
    for (Tensor x : inputs) {
      List<Tensor> gates = cell.ofInput(x).add(cell.ofState(h)).chunk(4, 1);
      Tensor kept = gates.get(1).sigmoid().mul(c);
      c = kept.add(gates.get(0).sigmoid().mul(gates.get(2).tanh()));
      h = gates.get(3).sigmoid().mul(c.tanh());
      outputs.add(h);
    }
    return new Run(outputs, List.of(h, c));
  }
}
