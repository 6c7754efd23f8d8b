package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.GgufAdapter;
import dev.peft4j.transformers.Transformers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code peft4j export}. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description = {
      "Writes a LoRA adapter of a language model as llama.cpp and Ollama read it, beside a GGUF"
          + " file of the model.",
      "What GGUF cannot hold is refused and listed: DoRA, whole weights, other kinds of adapters."
          + " Merge those ('peft4j merge') and write the model ('peft4j quantize')."
    })
final class ExportCommand implements Callable<Integer> {
  @Mixin private Out out = new Out();

  @Option(
      names = "--gguf",
      required = true,
      description = "The format to write, the only one there is.")
  private boolean gguf;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FOLDER",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      converter = HubAccess.Folder.class,
      description =
          "The model that the adapter is for: a folder, a GGUF file or a name on the Hub.")
  private Path model = Path.of("");

  @Option(
      names = {"-a", "--adapter"},
      paramLabel = "FOLDER",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      description = "The adapter, of 'peft4j train' or of peft.")
  private Path adapter = Path.of("");

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      description = "The file to write.")
  private Path file = Path.of("");

  @Override
  public Integer call() throws IOException {
    HubAccess.require(model);
    DecoderConfig config = Transformers.decoderConfig(model);
    Path at = AdapterPath.of(adapter);
    CommandException.ofSettings(
        () -> {
          GgufAdapter.write(at, config, file);
          return true;
        });
    ObjectNode report = Out.object();
    report.put("adapter", adapter.toString()).put("file", file.toString());
    report.put("bytes", Files.size(file));
    if (out.json()) {
      out.line(report);
    } else {
      out.line("wrote %s (%d bytes)", file, Files.size(file));
    }
    return 0;
  }
}
