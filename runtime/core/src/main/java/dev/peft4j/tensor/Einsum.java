package dev.peft4j.tensor;

import dev.peft4j.data.ShapeException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Products and sums in Einstein notation, computed for two operands at a time from the left: labels
 * that are not needed later are summed, shared labels become batches of a matrix product.
 */
final class Einsum {
  private final String equation;

  private record Term(Tensor value, List<Character> labels) {
    int size(char label) {
      return value.dim(labels.indexOf(label));
    }
  }

  private Einsum(String equation) {
    this.equation = equation;
  }

  static Tensor of(String equation, Tensor... operands) {
    return new Einsum(equation).compute(operands);
  }

  private Tensor compute(Tensor[] operands) {
    String text = equation.replace(" ", "");
    int arrow = text.indexOf("->");
    String[] sides = (arrow < 0 ? text : text.substring(0, arrow)).split(",", -1);
    if (sides.length != operands.length) {
      throw wrong("has " + sides.length + " operands, but " + operands.length + " were given");
    }
    List<Term> terms = new ArrayList<>();
    for (int i = 0; i < sides.length; i++) {
      terms.add(term(sides[i], operands[i]));
    }
    checkSizes(terms);
    List<Character> result = result(arrow < 0 ? null : text.substring(arrow + 2), sides);
    Term left = reduced(terms.get(0), needed(terms, 1, result));
    for (int i = 1; i < terms.size(); i++) {
      Set<Character> later = needed(terms, i + 1, result);
      Set<Character> forRight = new LinkedHashSet<>(later);
      forRight.addAll(left.labels);
      left = product(left, reduced(terms.get(i), forRight), later);
    }
    left = reduced(left, new LinkedHashSet<>(result));
    return arranged(left, result);
  }

  private Term term(String labels, Tensor x) {
    List<Character> each = letters(labels);
    if (each.size() != x.shape().rank()) {
      throw wrong("names \"" + labels + "\" for shape " + x.shape());
    }
    Term t = new Term(x, each);
    for (int i = 0; i < t.labels.size(); i++) {
      int again = t.labels.subList(i + 1, t.labels.size()).indexOf(t.labels.get(i));
      if (again >= 0) {
        t = diagonal(t, i, i + 1 + again);
        i--;
      }
    }
    return t;
  }

  /** Returns the elements whose positions along two dimensions are equal. */
  private Term diagonal(Term t, int i, int k) {
    int n = t.value.dim(i);
    if (n != t.value.dim(k)) {
      throw wrong("names dimensions of " + t.value.shape() + " alike that differ");
    }
    int[] sizes = new int[t.labels.size()];
    java.util.Arrays.fill(sizes, 1);
    sizes[i] = n;
    sizes[k] = n;
    Tensor on = Tensor.eye(n).reshape(sizes);
    Tensor chosen = t.value.where(on, Tensor.constant(0)).sum(k);
    List<Character> labels = new ArrayList<>(t.labels);
    labels.remove(k);
    return new Term(chosen, labels);
  }

  private List<Character> letters(String labels) {
    List<Character> out = new ArrayList<>();
    for (char c : labels.toCharArray()) {
      if (!(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z')) {
        throw wrong("has '" + c + "' where a letter is needed");
      }
      out.add(c);
    }
    return out;
  }

  private void checkSizes(List<Term> terms) {
    java.util.Map<Character, Integer> sizes = new java.util.HashMap<>();
    for (Term t : terms) {
      for (char c : t.labels) {
        Integer before = sizes.putIfAbsent(c, t.size(c));
        if (before != null && before != t.size(c)) {
          throw wrong("gives '" + c + "' the sizes " + before + " and " + t.size(c));
        }
      }
    }
  }

  /**
   * Returns the labels of the result: those given, or all that occur once, in alphabetical order.
   */
  private List<Character> result(@org.jspecify.annotations.Nullable String given, String[] sides) {
    String all = String.join("", sides);
    if (given == null) {
      return all.chars()
          .filter(c -> all.indexOf(c) == all.lastIndexOf(c))
          .sorted()
          .mapToObj(c -> (char) c)
          .collect(Collectors.toList());
    }
    List<Character> labels = letters(given);
    for (char c : labels) {
      if (all.indexOf(c) < 0) {
        throw wrong("has '" + c + "' in the result that no operand has");
      }
    }
    if (new LinkedHashSet<>(labels).size() != labels.size()) {
      throw wrong("names a dimension of the result twice");
    }
    return labels;
  }

  private static Set<Character> needed(List<Term> terms, int from, List<Character> result) {
    Set<Character> out = new LinkedHashSet<>(result);
    terms.subList(from, terms.size()).forEach(t -> out.addAll(t.labels));
    return out;
  }

  /** Sums over the labels that are not kept. */
  private static Term reduced(Term t, Set<Character> kept) {
    int[] gone =
        java.util.stream.IntStream.range(0, t.labels.size())
            .filter(i -> !kept.contains(t.labels.get(i)))
            .toArray();
    return gone.length == 0
        ? t
        : new Term(t.value.sum(gone), t.labels.stream().filter(kept::contains).toList());
  }

  private static Term product(Term a, Term b, Set<Character> later) {
    List<Character> batch = a.labels.stream().filter(b.labels::contains).toList();
    List<Character> summed = batch.stream().filter(c -> !later.contains(c)).toList();
    batch = batch.stream().filter(later::contains).toList();
    List<Character> shared = new ArrayList<>(batch);
    shared.addAll(summed);
    List<Character> freeA = a.labels.stream().filter(c -> !shared.contains(c)).toList();
    List<Character> freeB = b.labels.stream().filter(c -> !shared.contains(c)).toList();
    Tensor left = matrix(a, batch, freeA, summed);
    Tensor right = matrix(b, batch, summed, freeB);
    List<Character> labels = new ArrayList<>(batch);
    labels.addAll(freeA);
    labels.addAll(freeB);
    int[] sizes = new int[labels.size()];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = a.labels.contains(labels.get(i)) ? a.size(labels.get(i)) : b.size(labels.get(i));
    }
    return new Term(left.matmul(right).reshape(sizes), labels);
  }

  /** Returns the term as matrices (batch, rows, columns). */
  private static Tensor matrix(
      Term t, List<Character> batch, List<Character> rows, List<Character> columns) {
    List<Character> order = new ArrayList<>(batch);
    order.addAll(rows);
    order.addAll(columns);
    return arranged(t, order).reshape(size(t, batch), size(t, rows), size(t, columns));
  }

  private static int size(Term t, List<Character> labels) {
    return labels.stream().mapToInt(t::size).reduce(1, Math::multiplyExact);
  }

  private static Tensor arranged(Term t, List<Character> order) {
    return t.value.permute(order.stream().mapToInt(t.labels::indexOf).toArray());
  }

  private ShapeException wrong(String what) {
    return new ShapeException("einsum: \"" + equation + "\" " + what);
  }
}
