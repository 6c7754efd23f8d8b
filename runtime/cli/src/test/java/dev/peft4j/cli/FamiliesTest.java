package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Rng;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.transformers.DecoderFamily;
import dev.peft4j.transformers.EncoderConfig;
import dev.peft4j.transformers.Init;
import dev.peft4j.transformers.ModelFamily;
import dev.peft4j.transformers.Transformers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The commands on a tiny encoder of every family that is found. */
class FamiliesTest {
  private static final List<String> WORDS =
      List.of(
          "[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]", "the", "a", "film", "book", "song", "was",
          "is", "very", "great", "lovely", "fine", "awful", "boring", "poor");

  @TempDir Path temp;

  static List<String> families() {
    return ModelFamily.all().stream()
        .filter(f -> !(f instanceof DecoderFamily))
        .map(ModelFamily::modelType)
        .toList();
  }

  /**
   * Writes a tokenizer of the family's kind (Unigram for ALBERT and DeBERTa, BPE of bytes for
   * ModernBERT), or else one of BERT's, and returns the size of its vocabulary.
   */
  private static int tokenizer(ModelFamily family, Path folder) throws IOException {
    for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
      String name = "tokenizers/" + family.modelType() + "/" + file;
      try (InputStream in = FamiliesTest.class.getResourceAsStream(name)) {
        if (in == null) {
          Files.writeString(folder.resolve("vocab.txt"), String.join("\n", WORDS) + "\n");
          Files.writeString(
              folder.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"BertTokenizer\"}");
          return WORDS.size();
        }
        Files.copy(in, folder.resolve(file));
      }
    }
    JsonNode tree = new JsonMapper().readTree(folder.resolve("tokenizer.json").toFile());
    return tree.path("model").path("vocab").size() + tree.path("added_tokens").size();
  }

  /** An encoder without head, as its checkpoints are; the settings have BERT's names. */
  private Path encoder(ModelFamily family) throws IOException {
    Path folder = Files.createDirectories(temp.resolve("model"));
    ObjectNode config = Out.object().put("model_type", family.modelType());
    config.put("vocab_size", tokenizer(family, folder)).put("max_position_embeddings", 24);
    config.put("hidden_size", 16).put("num_hidden_layers", 2).put("num_attention_heads", 2);
    config.put("intermediate_size", 24).put("initializer_range", 0.3);
    config.put("hidden_dropout_prob", 0).put("attention_probs_dropout_prob", 0);
    Files.writeString(folder.resolve("config.json"), config.toString());
    SafeTensors.write(folder.resolve("model.safetensors"), Map.of(), Map.of());
    EncoderConfig settings = Transformers.encoderConfig(folder);
    Map<String, StoredTensor> weights = new LinkedHashMap<>();
    Rng.with(5, () -> family.encoder(settings, false, Init.random(settings)))
        .stateDict()
        .forEach((name, t) -> weights.put(name, new StoredTensor(t.shape(), t.own())));
    SafeTensors.write(folder.resolve("model.safetensors"), weights, Map.of("format", "pt"));
    return folder;
  }

  @ParameterizedTest
  @MethodSource("families")
  void trainedSavedLoadedAndMerged(String modelType) throws IOException {
    ModelFamily family = ModelFamily.of(modelType);
    Path model = encoder(family);
    Path data = Files.writeString(temp.resolve("data.jsonl"), TinyModel.jsonLines(48, 1));
    Path out = temp.resolve("out");
    Run.of(
            "train",
            "-m",
            model,
            "-d",
            data,
            "-o",
            out,
            "--epochs",
            12,
            "--batch",
            8,
            "--lr",
            0.02,
            "--quiet")
        .ok();
    Path adapter = out.resolve("adapter");
    String settings = Files.readString(adapter.resolve("adapter_config.json"));
    assertThat(settings)
        .contains(family.attentionTargets().stream().map(t -> '"' + t + '"').toList());
    List<String> saved = SafeTensors.open(adapter.resolve("adapter_model.safetensors")).names();
    assertThat(saved).contains("base_model.model." + family.outputLayer() + ".weight");
    for (String layer : family.betweenLayers()) {
      assertThat(saved).anyMatch(n -> n.startsWith("base_model.model." + layer + "."));
    }
    double accuracy =
        Run.of("eval", "-m", model, "-a", adapter, "-d", data, "--json")
            .json()
            .path("accuracy")
            .asDouble();
    assertThat(accuracy).isGreaterThan(0.9);
    Path merged = temp.resolve("merged");
    Run.of("merge", "-m", model, "-a", adapter, "-o", merged).ok();
    assertThat(Files.readString(merged.resolve("config.json")))
        .contains(family.classPrefix() + "ForSequenceClassification");
    double before = probability(Run.of(predict(model, "-a", adapter)));
    assertThat(probability(Run.of(predict(merged))))
        .isCloseTo(before, org.assertj.core.api.Assertions.within(1e-5));
  }

  private static Object[] predict(Path model, Object... more) {
    List<Object> args = new java.util.ArrayList<>(List.of("predict", "-m", model, "--json"));
    args.addAll(List.of(more));
    args.add("the film was great");
    return args.toArray();
  }

  private static double probability(Run run) throws IOException {
    return run.json().path("probabilities").path("good").asDouble();
  }
}
