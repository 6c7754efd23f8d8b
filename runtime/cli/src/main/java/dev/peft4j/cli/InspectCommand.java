package dev.peft4j.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AtomicFiles;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelFolder;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.TensorInfo;
import dev.peft4j.train.Checkpoint;
import dev.peft4j.train.TrainingState;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code peft4j inspect}. */
@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    description =
        "Tells what is in an adapter's folder, a model's folder, a checkpoint, a safetensors file"
            + " or a GGUF file.")
final class InspectCommand implements Callable<Integer> {
  @Mixin private Out out = new Out();

  @Parameters(
      paramLabel = "PATH",
      showDefaultValue = Help.Visibility.NEVER,
      converter = HubAccess.Folder.class,
      description = "A folder or a file, or the name of what 'peft4j download' has fetched.")
  private Path path = Path.of("");

  @Option(
      names = "--batch",
      paramLabel = "N",
      defaultValue = "1",
      description = "Texts of a step, for the memory that training a language model takes.")
  private int batch;

  @Option(
      names = "--max-length",
      paramLabel = "TOKENS",
      defaultValue = "0",
      showDefaultValue = Help.Visibility.NEVER,
      description = "Tokens of each of them; by default 512, or what the model takes if less.")
  private int tokens;

  @Option(
      names = "--dtype",
      paramLabel = "NAME",
      description =
          "How its frozen weights are held then: float32, bfloat16 or float16; by default as in"
              + " the files.")
  private @Nullable String dtype;

  @Option(names = "--check", description = "Look at every value: NaN and infinity are an error.")
  private boolean check;

  @Override
  public Integer call() throws IOException {
    DecoderFacts facts = new DecoderFacts(batch, tokens, ModelOptions.encoding(dtype));
    ObjectNode found = Out.object();
    found.put("path", path.toString());
    if (!Files.exists(path)) {
      if (!path.isAbsolute() && path.getNameCount() == 2) {
        HubAccess.require(path); // perhaps a name on the Hub
      }
      throw new FileFormatException(path, "does not exist");
    }
    if (GgufFile.looksLikeOne(path)) {
      GgufInspection.describe(path, found, check);
      facts.add(found, path);
    } else if (!Files.isDirectory(path)) {
      found.put("kind", "safetensors");
      file(found, path);
    } else if (AtomicFiles.exists(path.resolve(PeftFormat.CONFIG_FILE))) {
      adapter(found);
    } else if (Files.exists(path.resolve("config.json"))) {
      model(found, facts);
    } else {
      folders(found);
    }
    if (out.json()) {
      out.line(found);
    } else {
      show(found);
    }
    return 0;
  }

  private void adapter(ObjectNode found) throws IOException {
    found.put("kind", "adapter");
    AdapterConfig config = AdapterConfig.read(path.resolve(PeftFormat.CONFIG_FILE));
    found.set("config", config.tree());
    if (Files.exists(path.resolve("training_state.json"))) {
      found.put("kind", "checkpoint");
      Checkpoint checkpoint = new Checkpoint(path, 0);
      checkpoint.verify();
      TrainingState state = checkpoint.state();
      found.put("step", state.step()).put("epoch", state.epoch()).put("batch", state.batch());
    }
    file(found, path.resolve(PeftFormat.WEIGHTS_FILE));
    List<String> others = below(PeftFormat.CONFIG_FILE);
    if (!others.isEmpty()) {
      ArrayNode names = found.putArray("other_adapters");
      others.forEach(names::add);
    }
  }

  private void model(ObjectNode found, DecoderFacts facts) throws IOException {
    found.put("kind", "model");
    ModelFolder folder = ModelFolder.open(path);
    found.set("config", folder.config());
    facts.add(found, path);
    List<TensorInfo> infos = new ArrayList<>();
    for (String name : folder.names()) {
      infos.add(folder.info(name));
    }
    tensors(found, infos);
    if (check) {
      folder.checkFinite();
    }
  }

  private void file(ObjectNode found, Path file) throws IOException {
    SafeTensors tensors = SafeTensors.open(file);
    found.put("bytes", Files.size(file));
    if (!tensors.metadata().isEmpty()) {
      ObjectNode metadata = found.putObject("metadata");
      tensors.metadata().forEach(metadata::put);
    }
    tensors(found, tensors.tensors().values());
    if (check) {
      tensors.checkFinite();
    }
  }

  private static void tensors(ObjectNode found, Collection<TensorInfo> infos) {
    long elements = 0;
    ArrayNode list = found.putArray("tensors");
    for (TensorInfo t : infos) {
      ObjectNode one = list.addObject();
      one.put("name", t.name()).put("type", t.type().name());
      ArrayNode shape = one.putArray("shape");
      for (int d : t.shape().toArray()) {
        shape.add(d);
      }
      elements += t.shape().elements();
    }
    found.put("parameters", elements);
  }

  /** Describes a folder of named adapters, or of checkpoints. */
  private void folders(ObjectNode found) throws IOException {
    List<String> adapters = below(PeftFormat.CONFIG_FILE);
    if (adapters.isEmpty()) {
      throw new FileFormatException(
          path,
          "has neither adapter_config.json nor config.json, nor has a folder in it the former;"
              + " expected an adapter, a model, a checkpoint or a safetensors file");
    }
    found.put("kind", "folder");
    ArrayNode names = found.putArray("adapters");
    adapters.forEach(names::add);
  }

  private List<String> below(String file) throws IOException {
    List<String> found = new ArrayList<>();
    try (DirectoryStream<Path> children = Files.newDirectoryStream(path)) {
      for (Path child : children) {
        if (AtomicFiles.exists(child.resolve(file))) {
          found.add(String.valueOf(child.getFileName()));
        }
      }
    }
    found.sort(null);
    return found;
  }

  private void show(ObjectNode found) {
    for (Map.Entry<String, JsonNode> e : found.properties()) {
      switch (e.getKey()) {
        case "config", "metadata" ->
            e.getValue().properties().stream()
                .filter(c -> !c.getValue().isNull()) // peft's settings are many, most of them unset
                .forEach(c -> out.line("%s.%s: %s", e.getKey(), c.getKey(), text(c.getValue())));
        case "sizes", "training_memory" ->
            e.getValue()
                .properties()
                .forEach(c -> out.line("%s.%s: %s", e.getKey(), c.getKey(), text(c.getValue())));
        case "tensors" -> {
          out.line("tensors: %d", e.getValue().size());
          e.getValue().forEach(this::tensor);
        }
        default -> out.line("%s: %s", e.getKey(), text(e.getValue()));
      }
    }
  }

  private void tensor(JsonNode t) {
    List<String> sizes = new ArrayList<>();
    t.path("shape").forEach(d -> sizes.add(d.asText()));
    out.line(
        "  %-5s %-16s %s",
        t.path("type").asText(),
        sizes.stream().collect(Collectors.joining(", ", "(", ")")),
        t.path("name").asText());
  }

  private static String text(JsonNode value) {
    return value.isTextual() ? value.textValue() : value.toString();
  }
}
