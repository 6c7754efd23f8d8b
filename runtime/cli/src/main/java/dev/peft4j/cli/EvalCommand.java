package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
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
    description = "Measures a classifier on texts with labels: loss, accuracy, macro F1.")
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
    List<Example> examples = DataFile.read(data, columns, true);
    try (Classifier classifier = Classifier.load(model, adapter)) {
      Labels.alike(classifier.labels()).forEach(out::warn);
      int[] expected = Labels.indices(data, examples, classifier.labels());
      Map<String, Double> values = classifier.evaluate(examples, expected, batch);
      if (out.json()) {
        ObjectNode tree = Out.object().put("examples", examples.size());
        values.forEach(tree::put);
        out.line(tree);
      } else {
        out.line("examples: %d", examples.size());
        values.forEach((name, value) -> out.line("%s: %.4f", name, value));
      }
      return 0;
    }
  }
}
