package dev.peft4j.samples.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Initial;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.GgufModelFile;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Files for llama.cpp with a random model and adapter of {@link SmolLm2}'s shape, in a folder that
 * {@link #close} removes. The tokenizer has no merges: a text has as many tokens as letters.
 */
final class RandomGguf implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int POSITIONS = 2048;
  private final Path folder;

  private RandomGguf(Path folder) {
    this.folder = folder;
  }

  /** Writes the files with matrices in an encoding that llama.cpp knows. */
  static RandomGguf write(Encoding encoding) {
    try {
      RandomGguf files = new RandomGguf(Files.createTempDirectory("peft4j-bench"));
      files.model(encoding);
      return files;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The model. */
  Path path() {
    return folder.resolve("model.gguf");
  }

  /** The adapter. */
  Path adapter() {
    return folder.resolve("adapter.gguf");
  }

  private void model(Encoding encoding) throws IOException {
    int layers = SmolLm2.layers();
    boolean half = encoding.hasBlocks() || encoding.equals(Encodings.BFLOAT16);
    Encoding drawn = half ? Encodings.BFLOAT16 : encoding;
    CausalLm model =
        Rng.with(0, () -> Initial.held(drawn, () -> SmolLm2.random(layers, POSITIONS)));
    Path hub = Files.createDirectory(folder.resolve("hub"));
    model.save(hub.resolve("model.safetensors"));
    ObjectNode config = JSON.createObjectNode();
    config.put("model_type", "llama").put("vocab_size", SmolLm2.VOCABULARY);
    config.put("hidden_size", model.config().hiddenSize()).put("num_hidden_layers", layers);
    config.put("num_attention_heads", model.config().heads());
    config.put("num_key_value_heads", model.config().kvHeads());
    config.put("intermediate_size", model.config().intermediateSize());
    config.put("max_position_embeddings", POSITIONS).put("tie_word_embeddings", true);
    JSON.writeValue(hub.resolve("config.json").toFile(), config);
    JSON.writeValue(hub.resolve("tokenizer.json").toFile(), tokenizer());
    GgufModelFile.write(hub, encoding, path());
    Rng.with(1, () -> PeftModel.of(model, SmolLm2.lora())).exportGguf(adapter());
    for (String name : List.of("model.safetensors", "config.json", "tokenizer.json")) {
      Files.delete(hub.resolve(name));
    }
  }

  /** The bytes as GPT-2 writes them, then words that no text has. */
  private static ObjectNode tokenizer() {
    ObjectNode json = JSON.createObjectNode();
    ObjectNode pre = json.putObject("pre_tokenizer").put("type", "ByteLevel");
    pre.put("add_prefix_space", false).put("use_regex", true);
    ObjectNode bpe = json.putObject("model").put("type", "BPE");
    bpe.putArray("merges");
    ObjectNode words = bpe.putObject("vocab");
    int moved = 256;
    for (int b = 0; b < 256; b++) {
      boolean shown = b > ' ' && b < 127 || b > 160 && b != 173;
      words.put(String.valueOf((char) (shown ? b : moved++)), b);
    }
    for (int id = 256; id < SmolLm2.VOCABULARY; id++) {
      words.put("w" + id, id);
    }
    return json;
  }

  @Override
  public void close() {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(p);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
