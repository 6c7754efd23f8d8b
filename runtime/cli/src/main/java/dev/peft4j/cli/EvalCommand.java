package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Rng;
import dev.peft4j.io.Printable;
import dev.peft4j.metrics.ClassificationReport;
import dev.peft4j.metrics.ClassificationReport.ClassResult;
import dev.peft4j.metrics.EvaluationReport;
import dev.peft4j.transformers.TokenRow;
import java.io.IOException;
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
            + " precision, recall and F1 of each class; or a language model on texts: loss and"
            + " perplexity.")
final class EvalCommand implements Callable<Integer> {
  @Mixin private TrainedClassifier trained = new TrainedClassifier();
  @Mixin private LabelledFile data = new LabelledFile();
  @Mixin private SftDataOptions rowsOfText = new SftDataOptions();
  @Mixin private Out out = new Out();

  @Option(
      names = "--task",
      paramLabel = "TASK",
      converter = Task.Converter.class,
      completionCandidates = Task.Words.class,
      showDefaultValue = Help.Visibility.NEVER,
      description =
          "What the model is for: ${COMPLETION-CANDIDATES}; by default what the adapter was"
              + " trained for, else classification.")
  private @Nullable Task task;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Decides all that is random, if the model or its adapter draws anything.")
  private long seed;

  @Override
  public Integer call() throws Exception {
    @Nullable Exception[] failed = {null};
    int code =
        Rng.with(
            seed,
            () -> {
              try {
                return run();
              } catch (Exception e) {
                failed[0] = e;
                return Main.FAILED;
              }
            });
    if (failed[0] != null) {
      throw failed[0];
    }
    return code;
  }

  private int run() throws Exception {
    if (Task.of(task, trained.adapter()).isLanguageModel()) {
      return trained.runAlone(this::perplexity);
    }
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

  private int perplexity() throws IOException {
    try (LanguageModel lm = LanguageModel.load(trained.model(), trained.adapter())) {
      List<TokenRow> rows =
          lm.read(
              data.path,
              new LanguageModel.Texts(
                  trained.model().folder, trained.adapter(), data.columns, rowsOfText),
              out);
      long tokens = rows.stream().mapToLong(TokenRow::counted).sum();
      Map<String, Double> values = lm.evaluate(rows, trained.batch());
      if (out.json()) {
        ObjectNode tree = Out.object().put("rows", rows.size()).put("tokens", tokens);
        values.forEach(tree::put);
        out.line(tree);
        return 0;
      }
      out.line("rows: %d", rows.size());
      out.line("tokens: %d", tokens);
      values.forEach((name, value) -> out.line("%s: %.4f", name, value));
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
