package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code peft4j predict}. */
@Command(
    name = "predict",
    mixinStandardHelpOptions = true,
    description =
        "Gives texts labels: a line for each, with the label, its probability and the" + " text.")
final class PredictCommand implements Callable<Integer> {
  /** The replacement of text that could not be decoded. */
  private static final char REPLACEMENT = '\ufffd';

  private static final String JNU = System.getProperty("sun.jnu.encoding", "");

  @Mixin private TrainedClassifier trained = new TrainedClassifier();
  @Mixin private DataColumns columns = new DataColumns();
  @Mixin private Out out = new Out();

  @Option(
      names = {"-d", "--data"},
      paramLabel = "FILE",
      description = "Texts: .jsonl, .csv or .tsv; - is JSONL from standard input.")
  private @Nullable Path data;

  @Parameters(
      paramLabel = "TEXT",
      arity = "0..*",
      showDefaultValue = Help.Visibility.NEVER,
      description =
          "Texts, instead of a file. After -- whatever follows is a text, also if it begins with a"
              + " dash.")
  private List<String> texts = List.of();

  @Override
  public Integer call() throws Exception {
    if ((data == null) == texts.isEmpty()) {
      throw new UsageException("needed are either texts or --data FILE");
    }
    requireTexts();
    return trained.run(columns, out, this::predict);
  }

  /** Throws for a text that differs from the one that was typed. */
  private void requireTexts() {
    for (String text : texts) {
      if (text.indexOf(REPLACEMENT) >= 0 && !JNU.equalsIgnoreCase("UTF-8")) {
        throw new UsageException(
            "a text has characters that the locale's encoding, "
                + JNU
                + ", does not have; set LC_ALL=C.UTF-8, or give the texts in a file with --data");
      }
    }
  }

  private int predict(@Nullable TrainedWith with) throws IOException {
    if (with != null && columns.second != null && data == null) {
      throw new UsageException(
          "the classifier was trained with pairs of texts: give a file with the columns \""
              + columns.text
              + "\" and \""
              + columns.second
              + "\" with --data, or --second-text \"\" for texts without a second one");
    }
    List<Example> examples = examples();
    try (Classifier classifier = trained.load(out)) {
      float[][] all = classifier.logits(examples, trained.batch());
      for (int i = 0; i < all.length; i++) {
        double[] p = Scores.softmax(all[i]);
        int best = Scores.best(all[i]);
        String label = classifier.labels().get(best);
        Example example = examples.get(i);
        String second = example.second();
        if (out.json()) {
          ObjectNode tree = Out.object().put("text", example.text());
          if (second != null) {
            tree.put("second_text", second);
          }
          tree.put("label", label).put("probability", p[best]);
          ObjectNode each = tree.putObject("probabilities");
          for (int l = 0; l < p.length; l++) {
            each.put(classifier.labels().get(l), p[l]);
          }
          out.line(tree);
        } else {
          if (second == null) {
            out.line("%s\t%.4f\t%s", label, p[best], example.text());
          } else {
            out.line("%s\t%.4f\t%s\t%s", label, p[best], example.text(), second);
          }
        }
      }
      return 0;
    }
  }

  private List<Example> examples() throws IOException {
    Path file = data;
    if (file == null) {
      List<Example> given = new ArrayList<>();
      texts.forEach(t -> given.add(new Example(t, null, null)));
      return given;
    }
    return file.toString().equals(ExampleFile.STDIN)
        ? ExampleFile.read(System.in, Path.of("standard input"), columns, false)
        : ExampleFile.read(file, columns, false);
  }
}
