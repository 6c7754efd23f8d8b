package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.transformers.GgufModelFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code peft4j quantize}. */
@Command(
    name = "quantize",
    mixinStandardHelpOptions = true,
    description = {
      "Writes a language model with its tokenizer as one GGUF file, which llama.cpp, Ollama and"
          + " this program read.",
      "Matrices are held as --type says; those with rows that its blocks do not divide as f16."
    })
final class QuantizeCommand implements Callable<Integer> {
  private static final Map<String, String> NAMES =
      Map.of("f32", "FLOAT32", "f16", "FLOAT16", "bf16", "BFLOAT16");

  private static final List<String> TYPES =
      List.of("q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "f16", "bf16", "f32");

  @Mixin private Out out = new Out();

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FOLDER",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      converter = HubAccess.Folder.class,
      description =
          "The model: a folder as Hugging Face lays it out, also one that bitsandbytes has"
              + " quantized, a GGUF file, or a name on the Hub.")
  private Path model = Path.of("");

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FILE",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      description = "The file to write.")
  private Path file = Path.of("");

  @Option(
      names = "--type",
      paramLabel = "NAME",
      defaultValue = "q8_0",
      description = "How matrices are held: q8_0, q4_0, q4_1, q5_0, q5_1, f16, bf16 or f32.")
  private String type = "";

  @Override
  public Integer call() throws IOException {
    String name = type.toLowerCase(Locale.ROOT);
    if (!TYPES.contains(name)) {
      throw new UsageException(
          "--type is \""
              + type
              + "\", expected one of "
              + String.join(", ", TYPES)
              + "; others, such as q4_k, can be read only");
    }
    Encoding encoding = Encodings.named(NAMES.getOrDefault(name, name));
    HubAccess.requireModel(model);
    List<String> other =
        CommandException.ofSettings(() -> GgufModelFile.write(model, encoding, file));
    ObjectNode report = Out.object();
    report.put("file", file.toString()).put("type", name).put("bytes", Files.size(file));
    other.forEach(report.putArray("as_f16")::add);
    if (out.json()) {
      out.line(report);
    } else {
      out.line("wrote %s as %s (%d bytes)", file, name, Files.size(file));
      if (!other.isEmpty()) {
        out.line("as f16, since their rows are not whole blocks: %d tensors", other.size());
      }
    }
    return 0;
  }
}
