package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderInput;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.Tuner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What TRL's trainers compute: a folder with {@code model}, {@code adapter} and, for each kind of
 * thing, files of cases. Each file is an entry.
 */
final class SftCase {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private SftCase() {}

  /** Returns whether {@code folder} is such a folder. */
  static boolean looksLikeOne(Path folder) {
    return Files.isDirectory(folder.resolve("model"))
        && Files.isDirectory(folder.resolve("adapter"))
        && (Files.isDirectory(folder.resolve("train"))
            || Files.isDirectory(folder.resolve("pref"))
            || Files.exists(folder.resolve("data.json"))
            || Files.exists(folder.resolve("eval.json")));
  }

  /** Returns the entries of a folder. */
  static List<GoldenEntry> entries(Path folder) throws IOException {
    List<GoldenEntry> all = new ArrayList<>();
    for (Path file : files(folder)) {
      String name = folder.relativize(file).toString().replace('\\', '/');
      String entry = name.substring(0, name.length() - ".json".length());
      if (entry.startsWith("train/")) {
        all.add(new GoldenEntry(entry, () -> run(() -> SftTraining.run(folder, file))));
      } else if (entry.equals("eval")) {
        all.add(new GoldenEntry(entry, () -> run(() -> SftEvaluation.run(folder, file))));
      } else if (entry.equals("data")) {
        all.addAll(SftRows.entries(folder, file));
      } else if (entry.equals("cls")) {
        all.addAll(SftClassification.entries(folder, file));
      } else if (entry.equals("pack")) {
        all.addAll(SftPacking.entries(folder, file));
      } else {
        String kind = entry.replaceFirst("/.*", "");
        CaseResult not = CaseResult.unsupported(kind + " is not built");
        JsonNode cases = read(file).path("cases");
        cases.forEach(
            c -> all.add(new GoldenEntry(entry + "/" + c.path("name").asText(), () -> not)));
        if (cases.isEmpty()) {
          all.add(new GoldenEntry(entry, () -> not));
        }
      }
    }
    return all;
  }

  private static List<Path> files(Path folder) throws IOException {
    List<Path> files = new ArrayList<>();
    for (Path at : List.of(folder, folder.resolve("train"), folder.resolve("pref"))) {
      if (Files.isDirectory(at)) {
        try (Stream<Path> children = Files.list(at)) {
          children.filter(p -> p.toString().endsWith(".json")).sorted().forEach(files::add);
        }
      }
    }
    return files;
  }

  interface Body {
    CaseResult run() throws IOException;
  }

  static CaseResult run(Body body) {
    try {
      return body.run();
    } catch (IOException | RuntimeException e) {
      return CaseResult.failed(String.valueOf(e));
    }
  }

  static JsonNode read(Path file) throws IOException {
    try {
      return MAPPER.readTree(file.toFile());
    } catch (com.fasterxml.jackson.core.JacksonException e) {
      throw new FileFormatException(file, "is not JSON: " + e.getOriginalMessage());
    }
  }

  /** The folder's model with its adapter, which is trained. */
  record Adapted(CausalLm model, AdaptedModel<CausalLm> adapted) {
    static Adapted of(Path folder) throws IOException {
      CausalLm model = Transformers.causalLm(folder.resolve("model"));
      Path adapter = folder.resolve("adapter");
      AdapterConfig file = AdapterConfig.read(adapter.resolve(PeftFormat.CONFIG_FILE));
      List<String> tuners = Tuner.all().stream().map(Tuner::peftType).toList();
      PeftConfig config = Tuner.of(file.peftType(tuners)).read(file);
      AdaptedModel<CausalLm> adapted = PeftModel.of(model, config);
      adapted.load(adapter);
      return new Adapted(model, adapted);
    }
  }

  /** Returns a batch as it was fed: {@code input_ids}, {@code labels}, and what else there is. */
  static CausalBatch batch(JsonNode json) {
    DecoderInput input =
        DecoderInput.of(tensor(json.path("input_ids")))
            .withMask(optional(json, "attention_mask", SftCase::tensor))
            .withPositions(optional(json, "position_ids", SftCase::tensor));
    return new CausalBatch(input, tensor(json.path("labels")));
  }

  private static @Nullable Tensor optional(
      JsonNode json, String name, Function<JsonNode, Tensor> read) {
    return json.hasNonNull(name) ? read.apply(json.path(name)) : null;
  }

  static Tensor tensor(JsonNode rows) {
    int[] all =
        rows.valueStream().flatMap(JsonNode::valueStream).mapToInt(JsonNode::intValue).toArray();
    return Tensor.of(all, rows.size(), all.length / rows.size());
  }

  /**
   * What a model says about the tokens of a batch that count.
   *
   * @param entropy the mean entropy of the predictions, in nats
   * @param accuracy the part of tokens that are the most probable ones
   * @param tokens that count
   * @param nll the sum of the tokens' negative log-likelihoods
   */
  record Said(double entropy, double accuracy, int tokens, double nll) {
    static Said of(CausalLm model, CausalBatch batch) {
      Tensor logits = model.forward(batch.input());
      float[] values = logits.toFloats();
      int[] labels = batch.labels().toInts();
      int tokens = batch.labels().dim(1);
      int classes = logits.dim(-1);
      double entropy = 0;
      double nll = 0;
      int hits = 0;
      int count = 0;
      for (int i = 1; i < labels.length; i++) {
        if (i % tokens == 0 || labels[i] == -100) {
          continue;
        }
        int from = (i - 1) * classes;
        int best = from;
        for (int c = from; c < from + classes; c++) {
          best = values[c] > values[best] ? c : best;
        }
        double sum = 0;
        double weighted = 0;
        for (int c = from; c < from + classes; c++) {
          double z = (double) values[c] - values[best];
          sum += Math.exp(z);
          weighted += z * Math.exp(z);
        }
        entropy += Math.log(sum) - weighted / sum;
        nll += Math.log(sum) - ((double) values[from + labels[i]] - values[best]);
        hits += best - from == labels[i] ? 1 : 0;
        count++;
      }
      return new Said(entropy / count, (double) hits / count, count, nll);
    }
  }
}
