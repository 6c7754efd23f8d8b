package dev.peft4j.tuner;

import dev.peft4j.nn.Parameter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A set of adapters as a table for reading, a row an adapter. */
final class AdapterTable {
  private AdapterTable() {}

  static String of(
      String model, Collection<AttachedAdapter> all, List<String> active, List<String> merged) {
    if (all.isEmpty()) {
      return "no adapters of " + model;
    }
    List<List<String>> cells = new ArrayList<>();
    cells.add(
        List.of("name", "active", "tuner", "rank", "layers", "parameters", "trainable", "merged"));
    for (AttachedAdapter a : all) {
      cells.add(
          List.of(
              a.name(),
              active.contains(a.name()) ? "yes" : "no",
              a.config().peftType(),
              rank(a),
              Integer.toString(a.layers().size()),
              count(a.ownParameters()),
              count(a.ownParameters().stream().filter(Parameter::trainable).toList()),
              merged.contains(a.name()) ? "yes" : "no"));
    }
    int[] widths =
        IntStream.range(0, cells.getFirst().size())
            .map(c -> cells.stream().mapToInt(row -> row.get(c).length()).max().orElse(0))
            .toArray();
    String what = all.size() == 1 ? "1 adapter" : all.size() + " adapters";
    return what
        + " of "
        + model
        + "\n"
        + cells.stream().map(row -> line(row, widths)).collect(Collectors.joining("\n"));
  }

  /** The rank, or the smallest and the largest; {@code -} for a tuner without. */
  private static String rank(AttachedAdapter a) {
    int[] ranks =
        a.layers().values().stream()
            .mapToInt(TunerLayer::rank)
            .filter(r -> r > 0)
            .sorted()
            .toArray();
    return ranks.length == 0
        ? "-"
        : ranks[0] + (ranks[ranks.length - 1] == ranks[0] ? "" : "-" + ranks[ranks.length - 1]);
  }

  private static String count(Collection<Parameter> parameters) {
    long n = parameters.stream().mapToLong(p -> p.shape().elements()).sum();
    return String.format(Locale.ROOT, "%,d", n);
  }

  private static String line(List<String> row, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int c = 0; c < widths.length; c++) {
      String pad = " ".repeat(widths[c] - row.get(c).length());
      line.append(c == 0 ? "" : "  ").append(c < 3 ? row.get(c) + pad : pad + row.get(c));
    }
    return line.toString().stripTrailing();
  }
}
