package dev.peft4j.cli;

import dev.peft4j.backend.Backends;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help;
import picocli.CommandLine.Option;

/** The options for the model and the device. */
final class ModelOptions {
  @Option(
      names = {"-m", "--model"},
      paramLabel = "FOLDER",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      converter = HubAccess.Folder.class,
      description =
          "A model as Hugging Face lays it out (BERT, RoBERTa, DistilBERT, ...): config.json,"
              + " model.safetensors,"
              + " and the tokenizer's files. Or the name of one that 'peft4j download' has"
              + " fetched, OWNER/MODEL or OWNER/MODEL@REVISION.")
  Path folder = Path.of("");

  @Option(
      names = "--max-length",
      paramLabel = "TOKENS",
      description =
          "Tokens kept of a text; by default 128, or what the model or its tokenizer takes if"
              + " less.")
  @Nullable Integer maxLength;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description =
          "What computes, see 'peft4j devices'; by default what PEFT4J_DEVICE names, else the CPU.")
  @Nullable String device;

  /** Runs a command on the requested device. */
  int run(Callable<Integer> body) throws Exception {
    String name = device;
    if (name == null) {
      CommandException.ofSettings(Backends::current); // that of PEFT4J_DEVICE may be missing
      HubAccess.requireModel(folder);
      return body.call();
    }
    Exception[] failed = {null};
    int code =
        Backends.with(
            CommandException.ofSettings(() -> Backends.named(name)),
            () -> {
              try {
                HubAccess.requireModel(folder);
                return body.call();
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
}
