package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.checkpoint.GgufArchitecture;
import dev.peft4j.checkpoint.GgufLora;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.nn.Module;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.AdapterExport;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * LoRA in GGUF, as llama.cpp and Ollama load it beside a base. {@link PeftModel#exportGguf} writes
 * one; here are the other ways.
 *
 * <p>Scales of rsLoRA and those that differ between layers are folded into the weights. What GGUF
 * cannot hold is refused: other kinds of adapters, DoRA, biases, weights trained as a whole, and an
 * output layer that is tied to the embedding. Such a model can be merged and written as a whole.
 */
@AutoService(AdapterExport.class)
public final class GgufAdapter implements AdapterExport {
  /** Creates the way out; for {@link java.util.ServiceLoader}. */
  public GgufAdapter() {}

  @Override
  public String format() {
    return "gguf";
  }

  @Override
  public void write(Module base, Path adapter, Path file) throws IOException {
    if (!(base instanceof CausalLm model)) {
      throw new FileFormatException(
          file,
          "can hold an adapter of a causal language model only, not of a "
              + base.getClass().getSimpleName());
    }
    write(adapter, model.config(), file);
  }

  /**
   * Writes an adapter that was saved in a folder.
   *
   * @param adapter the folder
   * @param base the settings of the model that it is for; see {@link Transformers#decoderConfig}
   * @param file the file to write
   * @throws FileFormatException if GGUF cannot hold something that it has; all of it is listed
   */
  public static void write(Path adapter, DecoderConfig base, Path file) throws IOException {
    lora(base, file).write(AdapterFolder.read(adapter), file);
  }

  /**
   * Reads an adapter and saves it in a folder as peft does.
   *
   * @param file the GGUF file
   * @param base the settings of the model that it is for
   * @throws FileFormatException if it is not LoRA for that model's architecture
   */
  public static void toFolder(Path file, DecoderConfig base, Path folder) throws IOException {
    Adapter a = lora(base, file).read(GgufFile.open(file), folder);
    AdapterFolder.write(folder, PeftFormat.DEFAULT_ADAPTER, a.config(), a.tensors(), null);
  }

  /**
   * Attaches an adapter to a model; see {@link PeftModel#load(Module, Path)}.
   *
   * @throws FileFormatException if it is not LoRA for the model's architecture
   */
  public static <M extends CausalLm> AdaptedModel<M> load(M base, Path file) throws IOException {
    Path folder = Files.createTempDirectory("peft4j-gguf");
    try {
      toFolder(file, base.config(), folder);
      return PeftModel.load(base, folder);
    } finally {
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(p);
        }
      }
    }
  }

  private static GgufLora lora(DecoderConfig base, Path file) throws FileFormatException {
    GgufArchitecture a = GgufArchitecture.ofModelType(base.modelType());
    if (a == null) {
      throw new FileFormatException(
          file,
          "cannot be for a model of the family "
              + base.modelType()
              + ", which llama.cpp does not have here");
    }
    return new GgufLora(a, base.heads(), base.kvHeads(), base.tied());
  }
}
