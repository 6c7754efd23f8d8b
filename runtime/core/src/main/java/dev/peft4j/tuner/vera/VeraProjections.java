package dev.peft4j.tuner.vera;

import dev.peft4j.nn.Buffer;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.SharedSizes;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer.Constant;
import java.util.List;

/**
 * The matrices A (rows, widest in) and B (widest out, r) of VeRA and what derives from it: random,
 * frozen, and shared by all layers of an adapter, each of which takes as many of A's columns and
 * B's rows as it is wide. They are uniform in ±√(6 / columns), drawn as torch draws them.
 */
public final class VeraProjections {
  private static final double GAIN = 6;

  private final String prefix;
  private final Buffer a;
  private final Buffer b;

  /**
   * Takes the adapter's matrices, which the first of its layers draws.
   *
   * @param prefix what their names begin with: {@code vera} for {@code vera_A} and {@code vera_B}
   * @param rowsOfA the number of A's rows
   * @param r the number of B's columns
   */
  public VeraProjections(TunerContext context, String prefix, long seed, int rowsOfA, int r) {
    SharedSizes sizes = SharedSizes.of(context);
    TorchGenerator generator = new TorchGenerator(seed);
    this.prefix = prefix;
    this.a = context.sharedBuffer(prefix + "_A", () -> drawn(generator, rowsOfA, sizes.inputs()));
    this.b = context.sharedBuffer(prefix + "_B", () -> drawn(generator, sizes.out(), r));
  }

  private static Buffer drawn(TorchGenerator generator, int rows, int columns) {
    double bound = Math.sqrt(GAIN / columns);
    return new Buffer(generator.uniform(rows * columns, -bound, bound), rows, columns);
  }

  /** Returns the rows of A from {@code from} to before {@code to}: (rows, inputs). */
  public Tensor a(int from, int to, int inputs) {
    Tensor rows = from == 0 && to == a.dim(0) ? a : a.slice(0, from, to);
    return a.dim(1) == inputs ? rows : rows.slice(1, 0, inputs);
  }

  /** Returns B as far as a layer of {@code out} outputs takes it: (out, r). */
  public Tensor b(int out) {
    return b.dim(0) == out ? b : b.slice(0, 0, out);
  }

  /** Returns what a file has of them. */
  public List<Constant> constants() {
    return List.of(Constant.shared(prefix + "_A", a), Constant.shared(prefix + "_B", b));
  }
}
