package dev.peft4j.cli;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Device;
import dev.peft4j.backend.Precision;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.Quantize;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.prompt.PromptBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
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
              + " fetched, OWNER/MODEL or OWNER/MODEL@REVISION. A language model may be a GGUF"
              + " file.")
  Path folder = Path.of("");

  @Option(
      names = "--max-length",
      paramLabel = "TOKENS",
      description =
          "Tokens kept of a text; by default 128, or what the model or its tokenizer takes if"
              + " less.")
  @Nullable Integer maxLength;

  /** The tokens that an adapter puts in front of each text, for which there must be room. */
  int virtual;

  /** Leaves room for the virtual tokens of an adapter that is to be made. */
  void leaveRoom(ConfigBuilder<?> tuner) {
    virtual = tuner instanceof PromptBuilder<?> p ? p.virtualTokens() : 0;
  }

  @Option(
      names = "--dtype",
      paramLabel = "NAME",
      description =
          "How the frozen weights are held: float32, bfloat16 or float16; by default float32 for"
              + " classifiers, and as in the files for language models.")
  @Nullable String dtype;

  @Option(
      names = "--quantize",
      paramLabel = "NAME",
      description =
          "Holds the frozen weights of a language model in fewer bits: nf4 (QLoRA), int8, q8_0 or"
              + " q4_0. A GGUF file and a folder saved with bitsandbytes are in codes already.")
  @Nullable String quantize;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description =
          "What computes, see 'peft4j devices'; by default what PEFT4J_DEVICE names, else the CPU.")
  @Nullable String device;

  @Option(
      names = "--precision",
      paramLabel = "NAME",
      description =
          "The arithmetic of the device's products: float32 (the default), tf32 or bf16; see"
              + " 'peft4j devices' for what the device has.")
  @Nullable String precision;

  /** Returns how the frozen weights are held, or null if it was not given. */
  @Nullable Encoding encoding() {
    return encoding(dtype);
  }

  /** Returns the encoding that a {@code --dtype} names, or null if it is null. */
  static @Nullable Encoding encoding(@Nullable String name) {
    if (name == null) {
      return null;
    }
    for (Encoding e : List.of(Encodings.FLOAT32, Encodings.BFLOAT16, Encodings.FLOAT16)) {
      if (e.name().equalsIgnoreCase(name)) {
        return e;
      }
    }
    throw new UsageException("--dtype is \"" + name + "\", expected float32, bfloat16 or float16");
  }

  /** Returns the quantization, or null if none was asked for. */
  @Nullable Quantize quantization() {
    String name = quantize;
    if (name == null) {
      return null;
    }
    if (dtype != null) {
      throw new UsageException("--quantize and --dtype exclude each other");
    }
    try {
      return Quantize.named(name);
    } catch (IllegalArgumentException e) {
      throw new UsageException(
          "--quantize is \""
              + name
              + "\", expected nf4, fp4, int8, q8_0, q4_0, q4_1, q5_0 or q5_1");
    }
  }

  /** Returns a language model with its weights as they were asked for. */
  CausalLm causalLm() throws IOException {
    Quantize q = quantization();
    if (q != null) {
      return CommandException.ofSettings(() -> Transformers.causalLm(folder, q));
    }
    Encoding e = encoding();
    return e == null ? Transformers.causalLm(folder) : Transformers.causalLm(folder, e);
  }

  /** Returns how the frozen weights of a classifier are held. */
  Encoding encodingOfClassifier() {
    if (quantize != null) {
      throw new UsageException("--quantize is for --task causal-lm and --task chat");
    }
    Encoding given = encoding();
    return given == null ? Encodings.FLOAT32 : given;
  }

  /** Runs a command on the requested device. */
  int run(Callable<Integer> body) throws Exception {
    Precision asked = precision();
    String name = device;
    if (name == null && asked == null) {
      CommandException.ofSettings(Backends::current); // that of PEFT4J_DEVICE may be missing
      HubAccess.requireModel(folder);
      return body.call();
    }
    Exception[] failed = {null};
    int code =
        Backends.with(
            CommandException.ofSettings(() -> backend(name, asked)),
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

  private @Nullable Precision precision() {
    String name = precision;
    try {
      return name == null ? null : Precision.named(name);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--precision is \"" + name + "\", expected float32, tf32 or bf16");
    }
  }

  private static Backend backend(@Nullable String name, @Nullable Precision precision) {
    if (precision == null) {
      return Backends.named(Objects.requireNonNull(name));
    }
    String device = name == null ? Backends.current().name() : name;
    return Device.of(device).withPrecision(precision).backend();
  }
}
