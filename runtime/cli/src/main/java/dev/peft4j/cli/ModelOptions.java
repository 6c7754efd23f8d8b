package dev.peft4j.cli;

import dev.peft4j.backend.Backends;
import dev.peft4j.io.FileFormatException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help;
import picocli.CommandLine.Option;

/** Which model, and what it computes on. */
final class ModelOptions {
  /** An owner and a model. */
  private static final Pattern HUB_NAME = Pattern.compile("\\w[\\w.-]*/\\w[\\w.-]*");

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FOLDER",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      description =
          "A BERT model as Hugging Face lays it out: config.json, model.safetensors,"
              + " and the tokenizer's files.")
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

  /** Throws if there is no folder; a name of the Hub is not one. */
  private void requireFolder() throws FileFormatException {
    if (Files.exists(folder)) {
      return;
    }
    String name = folder.toString();
    throw new FileFormatException(
        folder,
        "does not exist, expected a folder with a model"
            + (HUB_NAME.matcher(name).matches()
                ? "; it looks like a name on the Hugging Face Hub, and nothing is downloaded here:"
                    + " get it with 'hf download "
                    + name
                    + " --local-dir FOLDER' and give that folder"
                : ""));
  }

  /** Runs a command on the device that was asked for. */
  int run(Callable<Integer> body) throws Exception {
    String name = device;
    if (name == null) {
      requireFolder();
      return body.call();
    }
    Exception[] failed = {null};
    int code =
        Backends.with(
            Backends.named(name),
            () -> {
              try {
                requireFolder();
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
