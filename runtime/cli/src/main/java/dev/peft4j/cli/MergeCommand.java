package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.NonFiniteException;
import dev.peft4j.io.AtomicFolder;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelFolder;
import dev.peft4j.io.PythonJson;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Module;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code peft4j merge}. */
@Command(
    name = "merge",
    mixinStandardHelpOptions = true,
    description =
        "Writes an adapter into its model: a folder that transformers loads without peft.")
final class MergeCommand implements Callable<Integer> {
  /** The files of a model's folder besides weights that a merged model has, too. */
  private static final Set<String> TOKENIZER_FILES =
      Set.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "vocab.txt",
          "vocab.json",
          "merges.txt",
          "sentencepiece.bpe.model",
          "added_tokens.json");

  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private Out out = new Out();

  @Option(
      names = {"-a", "--adapter"},
      paramLabel = "FOLDER",
      converter = HubAccess.Folder.class,
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      description = "The adapter.")
  private Path adapter = Path.of("");

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FOLDER",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      description = "The folder of the merged model; must not be there yet.")
  private Path target = Path.of("");

  @Override
  public Integer call() throws Exception {
    if (Files.exists(target)) {
      throw new UsageException(target + " is there already; give another --out");
    }
    return model.run(this::merge);
  }

  private int merge() throws IOException {
    try (Classifier classifier = Classifier.load(model, adapter)) {
      PeftModel adapted = classifier.adapted();
      if (adapted != null) {
        merge(adapted);
      }
      Map<String, StoredTensor> weights = Weights.of(classifier.model());
      StoredTensor.requireFinite(target, weights);
      String config = config(classifier.model(), classifier.labels());
      AtomicFolder.write(
          target,
          folder -> {
            SafeTensors.write(folder.resolve("model.safetensors"), weights, Map.of("format", "pt"));
            Files.writeString(folder.resolve("config.json"), config);
            copyTokenizer(folder);
            TrainedWith.copy(adapter, folder);
          });
      if (out.json()) {
        out.line(Out.object().put("model", target.toString()).put("tensors", weights.size()));
      } else {
        out.line("merged model: %s (%d tensors)", target, weights.size());
      }
      return 0;
    }
  }

  private void merge(PeftModel adapted) throws IOException {
    try {
      CommandException.ofSettings(
          () -> {
            adapted.mergeAndUnload();
            return adapted;
          });
    } catch (NonFiniteException e) { // numbers that are finite apart, but not together
      throw new FileFormatException(adapter, String.valueOf(e.getMessage()), e);
    }
  }

  /** Returns the base's settings with the adapter's labels. */
  private String config(Module merged, List<String> labels) throws IOException {
    ObjectNode config = ModelFolder.open(model.folder).config();
    config.putArray("architectures").add(merged.getClass().getSimpleName());
    ObjectNode names = config.putObject("id2label");
    ObjectNode ids = config.putObject("label2id");
    for (int i = 0; i < labels.size(); i++) {
      names.put(Integer.toString(i), labels.get(i));
      ids.put(labels.get(i), i);
    }
    config.remove("num_labels");
    config.remove("problem_type");
    config.remove("torch_dtype");
    config.put("dtype", "float32");
    return PythonJson.format(config) + "\n";
  }

  private void copyTokenizer(Path to) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(model.folder)) {
      for (Path f : files) {
        String name = String.valueOf(f.getFileName());
        if (TOKENIZER_FILES.contains(name)) {
          Files.copy(f, to.resolve(name));
        }
      }
    }
  }
}
