package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConversion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code peft4j convert}. */
@Command(
    name = "convert",
    mixinStandardHelpOptions = true,
    description = {
      "Writes an adapter of another kind as a LoRA adapter, which more programs can read.",
      "What it adds to each linear layer is cut down to a rank; how much is kept is shown."
    })
final class ConvertCommand implements Callable<Integer> {
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
      description = "The folder of the LoRA adapter; must not be there yet.")
  private Path target = Path.of("");

  @Option(
      names = {"-r", "--rank"},
      paramLabel = "N",
      showDefaultValue = Help.Visibility.NEVER,
      description = "The rank of each layer (8 unless --keep is given).")
  private @Nullable Integer rank;

  @Option(
      names = "--keep",
      paramLabel = "SHARE",
      showDefaultValue = Help.Visibility.NEVER,
      description =
          "In place of a rank: the least share of the squared singular values that each layer"
              + " keeps, such as 0.95.")
  private @Nullable Double keep;

  @Override
  public Integer call() throws Exception {
    if (Files.exists(target)) {
      throw new UsageException(target + " already exists; give another --out");
    }
    if (rank != null && keep != null) {
      throw new UsageException("--rank and --keep exclude each other");
    }
    return model.run(this::convert);
  }

  private int convert() throws IOException {
    if (Task.of(null, AdapterPath.of(adapter)) == Task.CAUSAL_LM) {
      PeftModel adapted =
          CommandException.ofSettings(() -> PeftModel.load(model.causalLm(), adapter));
      return convert(adapted);
    }
    try (Classifier classifier = Classifier.load(model, adapter)) {
      PeftModel adapted = classifier.adapted();
      return convert(java.util.Objects.requireNonNull(adapted));
    }
  }

  private int convert(PeftModel adapted) throws IOException {
    Double share = keep;
    int r = rank == null ? 8 : rank;
    LoraConversion lora =
        CommandException.ofSettings(
            () ->
                share == null
                    ? LoraConversion.of(adapted, "default", r)
                    : LoraConversion.keeping(adapted, "default", share));
    lora.save(target);
    TrainedWith.copy(adapter, target);
    double least = lora.kept().values().stream().mapToDouble(v -> v).min().orElse(1);
    if (out.json()) {
      ObjectNode report = Out.object();
      report.put("adapter", target.toString()).put("layers", lora.kept().size());
      report.put("kept", least);
      ObjectNode layers = report.putObject("kept_of");
      lora.kept().forEach(layers::put);
      out.line(report);
    } else {
      out.line(
          "LoRA adapter: %s (%d layers, at least %s of each kept)",
          target, lora.kept().size(), String.format(Locale.ROOT, "%.4f", least));
    }
    return 0;
  }
}
