package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.Printable;
import dev.peft4j.metrics.ClassificationReport;
import dev.peft4j.metrics.ClassificationReport.ClassResult;
import dev.peft4j.metrics.EvaluationReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code peft4j eval}. */
@Command(
    name = "eval",
    mixinStandardHelpOptions = true,
    description =
        "Measures a classifier on texts with labels: loss, accuracy, macro F1, and"
            + " precision, recall and F1 of each class.")
final class EvalCommand implements Callable<Integer> {
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private DataColumns columns = new DataColumns();
  @Mixin private Out out = new Out();

  @Option(
      names = {"-a", "--adapter"},
      paramLabel = "FOLDER",
      converter = HubAccess.Folder.class,
      description = "An adapter, of 'peft4j train' or of peft; without it the model as it is.")
  private @Nullable Path adapter;

  @Option(
      names = {"-d", "--data"},
      paramLabel = "FILE",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      description = "Texts with labels: .jsonl, .csv or .tsv.")
  private Path data = Path.of("");

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "32",
      description = "Texts in a batch.")
  private int batch;

  @Override
  public Integer call() throws Exception {
    if (batch < 1) {
      throw new UsageException("--batch is " + batch + ", must be at least 1");
    }
    return model.run(this::evaluate);
  }

  private int evaluate() throws IOException {
    TrainedWith with = TrainedWith.read(adapter == null ? model.folder : adapter);
    if (with != null) {
      with.apply(model, columns, out);
    }
    List<Example> examples = ExampleFile.read(data, columns, true);
    try (Classifier classifier = Classifier.load(model, adapter)) {
      Labels.alike(classifier.labels()).forEach(out::warn);
      int[] expected = Labels.indices(data, examples, classifier.labels());
      float[][] logits = classifier.logits(examples, batch);
      report(
          Scores.of(logits, expected),
          EvaluationReport.of(expected, Scores.predicted(logits), classifier.labels()));
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
