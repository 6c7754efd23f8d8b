package dev.peft4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of commands that use a trained classifier, with the code that loads it. */
final class TrainedClassifier {
  @Mixin private ModelOptions model = new ModelOptions();

  @Option(
      names = {"-a", "--adapter"},
      paramLabel = "FOLDER",
      converter = HubAccess.Folder.class,
      description = "An adapter, of 'peft4j train' or of peft; without it the model as it is.")
  private @Nullable Path adapter;

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "32",
      description = "Texts in a batch.")
  private int batch;

  /** The work of a command. */
  @FunctionalInterface
  interface Body {
    /**
     * Does the work.
     *
     * @param with the training options of the classifier, or null if unknown
     * @return the exit code
     */
    int call(@Nullable TrainedWith with) throws IOException;
  }

  /**
   * Runs a command on the requested device. Lengths and columns default to those of the training.
   */
  int run(DataColumns columns, Out out, Body body) throws Exception {
    requireBatch();
    return model.run(
        () -> {
          TrainedWith with = TrainedWith.read(adapter == null ? model.folder : adapter);
          if (with != null) {
            with.apply(model, columns, out);
          }
          return body.call(with);
        });
  }

  /** Runs a command that is not about a classifier on the requested device. */
  int runAlone(Callable<Integer> body) throws Exception {
    requireBatch();
    return model.run(body);
  }

  /** Returns the options for the model. */
  ModelOptions model() {
    return model;
  }

  /** Returns the adapter's folder, or null. */
  @Nullable Path adapter() {
    return adapter;
  }

  private void requireBatch() {
    if (batch < 1) {
      throw new UsageException("--batch is " + batch + ", must be at least 1");
    }
  }

  /** Loads the classifier, and warns of labels that look alike. */
  Classifier load(Out out) throws IOException {
    Classifier classifier = Classifier.load(model, adapter);
    Labels.alike(classifier.labels()).forEach(out::warn);
    return classifier;
  }

  /** Returns the number of texts in a batch. */
  int batch() {
    return batch;
  }
}
