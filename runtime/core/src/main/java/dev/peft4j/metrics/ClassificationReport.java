package dev.peft4j.metrics;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Results by class and over all classes, in the form and with the numbers of scikit-learn's {@code
 * classification_report}. Classes that are neither a label nor predicted are left out, also of the
 * macro averages. Created by {@link EvaluationReport#of}.
 */
public final class ClassificationReport implements EvaluationReport {
  private static final String WEIGHTED = "weighted avg";

  /**
   * The results of one class.
   *
   * @param name the class
   * @param precision right predictions of it over all predictions of it; 0 without any
   * @param recall right predictions of it over all examples of it; 0 without any
   * @param f1 the harmonic mean of both
   * @param support the number of its examples
   */
  public record ClassResult(
      String name, double precision, double recall, double f1, long support) {}

  private final ConfusionMatrix confusion;
  private final List<String> names;

  /**
   * Creates a report of a confusion matrix.
   *
   * @param names of the classes, in their order
   * @throws IllegalArgumentException if there are not as many as classes
   */
  public ClassificationReport(ConfusionMatrix confusion, List<String> names) {
    Metrics.sameLength("names", names.size(), confusion.classes());
    this.confusion = confusion;
    this.names = List.copyOf(names);
  }

  /** Returns the counts of predictions for each label. */
  public ConfusionMatrix confusion() {
    return confusion;
  }

  /** Returns the names of all classes, in their order. */
  public List<String> names() {
    return names;
  }

  /** Returns the results of the classes that are a label or predicted, in their order. */
  public List<ClassResult> classes() {
    List<ClassResult> all = new ArrayList<>();
    for (int c = 0; c < names.size(); c++) {
      if (confusion.support(c) + confusion.predicted(c) > 0) {
        all.add(
            new ClassResult(
                names.get(c),
                confusion.precision(c),
                confusion.recall(c),
                confusion.f1(c),
                confusion.support(c)));
      }
    }
    return all;
  }

  @Override
  public long examples() {
    long sum = 0;
    for (int c = 0; c < names.size(); c++) {
      sum += confusion.support(c);
    }
    return sum;
  }

  /**
   * Returns {@code accuracy}; {@code f1}, {@code precision} and {@code recall}, which are macro
   * averages; {@code f1_micro}, {@code f1_weighted} and {@code matthews}.
   */
  @Override
  public Map<String, Double> values() {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("accuracy", confusion.accuracy());
    values.put("f1", confusion.f1(Average.MACRO));
    values.put("precision", confusion.precision(Average.MACRO));
    values.put("recall", confusion.recall(Average.MACRO));
    values.put("f1_micro", confusion.f1(Average.MICRO));
    values.put("f1_weighted", confusion.f1(Average.WEIGHTED));
    values.put("matthews", confusion.matthews());
    return Collections.unmodifiableMap(values);
  }

  @Override
  public String table(int digits) {
    List<ClassResult> classes = classes();
    int width = Math.max(WEIGHTED.length(), digits);
    for (ClassResult c : classes) {
      width = Math.max(width, c.name.codePointCount(0, c.name.length()));
    }
    StringBuilder out = new StringBuilder(" ".repeat(width)).append(' ');
    for (String head : List.of("precision", "recall", "f1-score", "support")) {
      out.append(' ').append(right(head, 9));
    }
    out.append("\n\n");
    for (ClassResult c : classes) {
      row(out, c.name, width, c.precision, c.recall, c.f1, c.support, digits);
    }
    long n = examples();
    String accuracy = Metrics.fixed(confusion.accuracy(), digits);
    out.append('\n').append(right("accuracy", width)).append(" ".repeat(21));
    out.append(' ').append(right(accuracy, 9)).append(' ').append(right(Long.toString(n), 9));
    out.append('\n');
    average(out, "macro avg", Average.MACRO, width, n, digits);
    average(out, WEIGHTED, Average.WEIGHTED, width, n, digits);
    return out.toString();
  }

  private void average(StringBuilder out, String name, Average of, int width, long n, int digits) {
    row(
        out,
        name,
        width,
        confusion.precision(of),
        confusion.recall(of),
        confusion.f1(of),
        n,
        digits);
  }

  private static void row(
      StringBuilder out,
      String name,
      int width,
      double precision,
      double recall,
      double f1,
      long support,
      int digits) {
    out.append(right(name, width)).append(' ');
    for (double value : new double[] {precision, recall, f1}) {
      out.append(' ').append(right(Metrics.fixed(value, digits), 9));
    }
    out.append(' ').append(right(Long.toString(support), 9)).append('\n');
  }

  private static String right(String s, int width) {
    return " ".repeat(Math.max(0, width - s.codePointCount(0, s.length()))) + s;
  }

  /** Returns the table with two digits, as scikit-learn prints it. */
  @Override
  public String toString() {
    return table(2);
  }
}
