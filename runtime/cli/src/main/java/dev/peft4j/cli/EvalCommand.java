package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.Printable;
import dev.peft4j.metrics.ClassificationReport;
import dev.peft4j.metrics.ClassificationReport.ClassResult;
import dev.peft4j.metrics.EvaluationReport;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code peft4j eval}. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    description =
        "Measures a classifier on texts with labels: loss, accuracy, macro F1, and"
            + " precision, recall and F1 of each class.")
final class EvalCommand implements Callable<Integer> {
  @Mixin private TrainedClassifier trained = new TrainedClassifier();
  @Mixin private LabelledFile data = new LabelledFile();
  @Mixin private Out out = new Out();

  @Override
  public Integer call() throws Exception {
    return trained.run(data.columns, out, with -> evaluate());
  }

  private int evaluate() throws IOException {
    List<Example> examples = data.read();
    try (Classifier classifier = trained.load(out)) {
      LabelledExamples known = LabelledExamples.of(data.path, examples, classifier.labels());
      float[][] logits = classifier.logits(examples, trained.batch());
      report(
          Scores.of(logits, known.labels()),
          EvaluationReport.of(known.labels(), Scores.predicted(logits), classifier.labels()));
      return 0;
    }
  }

  private void report(Map<String, Double> values, ClassificationReport report) {
    if (out.json()) {
      out.line(json(values, report));
      return;
    }
    out.line("examples: %d", report.examples());
    values.forEach((name, value) -> out.line("%s: %.4f", name, value));
    out.line("");
    List<String> names = report.names().stream().map(Printable::of).toList();
    new ClassificationReport(report.confusion(), names)
        .table(4)
        .lines()
        .forEach(line -> out.line("%s", line));
  }

  private static ObjectNode json(Map<String, Double> values, ClassificationReport report) {
    ObjectNode tree = Out.object().put("examples", report.examples());
    values.forEach(tree::put);
    report.values().forEach(tree::put);
    for (ClassResult c : report.classes()) {
      tree.withArray("classes")
          .addObject()
          .put("label", c.name())
          .put("precision", c.precision())
          .put("recall", c.recall())
          .put("f1", c.f1())
          .put("support", c.support());
    }
    report.names().forEach(tree.withArray("labels")::add);
    for (int label = 0; label < report.names().size(); label++) {
      ArrayNode row = tree.withArray("confusion").addArray();
      for (int predicted = 0; predicted < report.names().size(); predicted++) {
        row.add(report.confusion().count(label, predicted));
      }
    }
    return tree;
  }
}
