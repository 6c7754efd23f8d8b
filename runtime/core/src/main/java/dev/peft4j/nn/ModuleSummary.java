package dev.peft4j.nn;

import dev.peft4j.data.Shape;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A model as a table with a row for each module; {@link #toString} is for people. See {@link
 * Module#summary(dev.peft4j.tensor.Tensor)}.
 *
 * @param rows the modules with their paths, parents first; the root has the empty path
 * @param parameterBytes memory of all parameters, as they are stored (two bytes for 16-bit numbers)
 */
public record ModuleSummary(List<Row> rows, long parameterBytes) {
  /** The bytes of a number in a gradient. */
  private static final int FLOAT = Float.BYTES;

  /**
   * The row of a module.
   *
   * @param path its path in the model, for example {@code layers.0.self_attn.q_proj}
   * @param kind the type as {@code toString()} of the model shows it, for example {@code
   *     lora.Linear}
   * @param output the shape of its last result; null if it was not called, or did not return a
   *     tensor
   * @param parameters the numbers in its own parameters and those that adapters add to it, without
   *     those of modules below it; shared parameters are counted in the first row only
   * @param trainable the number of them that receive gradients
   */
  public record Row(
      String path, String kind, @Nullable Shape output, long parameters, long trainable) {}

  /** Creates a summary. */
  public ModuleSummary {
    rows = List.copyOf(rows);
  }

  /**
   * Returns the table of a model as the base of one adapted model.
   *
   * @param adapted the adapted model of which the adapters are shown; null for the only one
   */
  public static ModuleSummary of(Module model, @Nullable OverlaySource adapted) {
    return SummaryWatch.summary(model, adapted, null);
  }

  /**
   * Returns the table of {@link #of(Module, OverlaySource)} with shapes.
   *
   * @param call calls the model
   */
  public static ModuleSummary of(Module model, @Nullable OverlaySource adapted, Supplier<?> call) {
    return SummaryWatch.summary(model, adapted, call);
  }

  /**
   * Returns the table with shapes, from a call of the model's {@code forward}; see {@link
   * #of(Module, OverlaySource, Supplier)}.
   */
  public static ModuleSummary of(Module model, @Nullable OverlaySource adapted, Tensor example) {
    return of(model, adapted, () -> SummaryWatch.forward(model, example));
  }

  /** Returns the number of numbers in all parameters. */
  public long parameters() {
    return rows.stream().mapToLong(Row::parameters).sum();
  }

  /** Returns the number of numbers that receive gradients. */
  public long trainable() {
    return rows.stream().mapToLong(Row::trainable).sum();
  }

  /** Returns the fraction of the parameters that is trainable, from 0 to 1; 0 if there are none. */
  public double trainableShare() {
    return parameters() == 0 ? 0 : (double) trainable() / parameters();
  }

  /** Returns the bytes of the gradients in training. */
  public long gradientBytes() {
    return trainable() * FLOAT;
  }

  /** Returns the bytes of AdamW's state in training: two numbers for each trainable one. */
  public long optimizerBytes() {
    return 2 * trainable() * FLOAT;
  }

  /** Returns the shape of the result of the module at a path; null if there is none. */
  public @Nullable Shape output(String path) {
    return rows.stream().filter(r -> r.path.equals(path)).findFirst().map(Row::output).orElse(null);
  }

  /** Returns the table, and below it the totals. */
  @Override
  public String toString() {
    List<List<String>> cells = new ArrayList<>();
    cells.add(List.of("layer", "kind", "output", "parameters", "trainable"));
    for (Row r : rows) {
      cells.add(
          List.of(
              r.path.isEmpty() ? "(the model)" : r.path,
              r.kind,
              r.output == null ? "-" : r.output.toString(),
              r.parameters == 0 ? "-" : String.format(Locale.ROOT, "%,d", r.parameters),
              r.trainable == 0 ? "-" : String.format(Locale.ROOT, "%,d", r.trainable)));
    }
    int[] widths =
        IntStream.range(0, cells.getFirst().size())
            .map(c -> cells.stream().mapToInt(row -> row.get(c).length()).max().orElse(0))
            .toArray();
    String table = cells.stream().map(row -> line(row, widths)).collect(Collectors.joining("\n"));
    return String.format(
        Locale.ROOT,
        "%s%n%nparameters: %,d, trainable: %,d (%.2f %%)%n"
            + "memory: parameters %s; in training also gradients %s and AdamW %s, besides what"
            + " activations take",
        table,
        parameters(),
        trainable(),
        100 * trainableShare(),
        bytes(parameterBytes),
        bytes(gradientBytes()),
        bytes(optimizerBytes()));
  }

  private static String line(List<String> row, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int c = 0; c < widths.length; c++) {
      String pad = " ".repeat(widths[c] - row.get(c).length());
      line.append(c == 0 ? "" : "  ").append(c < 3 ? row.get(c) + pad : pad + row.get(c));
    }
    return line.toString().stripTrailing();
  }

  private static String bytes(long n) {
    String[] units = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double value = n;
    int unit = 0;
    while (value >= 1024 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  }
}
