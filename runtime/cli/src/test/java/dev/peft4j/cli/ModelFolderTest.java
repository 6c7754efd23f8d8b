package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * Folders that transformers loads are trained and asked, whatever they have too much or too little.
 */
class ModelFolderTest {
  @TempDir Path temp;
  private Path model;
  private Path data;
  private String said = "";

  @BeforeEach
  void write() throws IOException {
    model = TinyModel.write(temp.resolve("model"));
    data = temp.resolve("data.jsonl");
    Files.writeString(data, TinyModel.jsonLines(12, 1));
  }

  private Map<String, StoredTensor> weights() throws IOException {
    SafeTensors file = SafeTensors.open(model.resolve("model.safetensors"));
    Map<String, StoredTensor> out = new LinkedHashMap<>();
    for (String name : file.names()) {
      StoredTensor t = file.tensor(name);
      out.put(name, StoredTensor.of(t.storage().toFloats(), t.shape().toArray()));
    }
    return out;
  }

  private Path train(String out) {
    Path run = temp.resolve(out);
    said = Run.of("train", "-m", model, "-d", data, "-o", run, "--epochs", 2, "--quiet").ok().err();
    return run.resolve("adapter");
  }

  @Test
  void aDrawnPoolerIsTrainedAndGoesWithTheAdapter() throws IOException {
    Map<String, StoredTensor> w = weights();
    w.keySet().removeIf(n -> n.contains("pooler"));
    SafeTensors.write(model.resolve("model.safetensors"), w, Map.of("format", "pt"));
    Path adapter = train("run");
    assertThat(said).contains(model + " has no pooler: a new one is trained, and saved with");
    assertThat(LoggerFactory.getLogger("dev.peft4j.transformers.NewLayers").isWarnEnabled())
        .as("nothing is said where the adapter has it")
        .isFalse();
    String pooler = "base_model.model.bert.pooler.dense.weight";
    SafeTensors saved = SafeTensors.open(adapter.resolve("adapter_model.safetensors"));
    assertThat(saved.names()).contains(pooler, "base_model.model.bert.pooler.dense.bias");
    assertThat(Files.readString(adapter.resolve("adapter_config.json"))).contains("\"pooler\"");
    float[] again =
        SafeTensors.open(train("again").resolve("adapter_model.safetensors"))
            .tensor(pooler)
            .storage()
            .toFloats();
    assertThat(saved.tensor(pooler).storage().toFloats())
        .as("drawn from the seed")
        .isEqualTo(again);
    Run one = Run.of("predict", "-m", model, "-a", adapter, "the film was fine").ok();
    assertThat(Run.of("predict", "-m", model, "-a", adapter, "the film was fine").ok().out())
        .isEqualTo(one.out());
    Path merged = temp.resolve("merged");
    Run.of("merge", "-m", model, "-a", adapter, "-o", merged).ok();
    assertThat(Run.of("predict", "-m", merged, "the film was fine").ok().out())
        .isEqualTo(one.out());
  }

  @Test
  void whatTheModelDoesNotUseIsPassedOver() throws IOException {
    String before = Run.of("predict", "-m", model, "the film was fine").ok().out();
    Map<String, StoredTensor> w = weights();
    w.put("linear.weight", StoredTensor.of(new float[16], 1, 16));
    w.put("fit_denses.0.bias", StoredTensor.of(new float[16], 16));
    SafeTensors.write(model.resolve("model.safetensors"), w, Map.of("format", "pt"));
    assertThat(Run.of("predict", "-m", model, "the film was fine").ok().out()).isEqualTo(before);
    train("run");
  }

  @Test
  void aFolderWithoutModelTypeAndWithAVocabularyAlone() throws IOException {
    String before = Run.of("predict", "-m", model, "the film was fine").ok().out();
    Path config = model.resolve("config.json");
    String type = "\"model_type\": \"bert\"";
    Files.writeString(
        config, Files.readString(config).replace(type, "\"architectures\": [\"BertModel\"]"));
    Files.delete(model.resolve("tokenizer.json"));
    Files.writeString(model.resolve("vocab.txt"), String.join("\n", TinyModel.WORDS) + "\n");
    assertThat(Run.of("predict", "-m", model, "the film was fine").ok().out()).isEqualTo(before);
    Files.writeString(config, Files.readString(config).replace("BertModel", "OtherModel"));
    Run.of("predict", "-m", model, "fine").failed("config.json: model_type is missing", "write");
  }

  @Test
  void theHeadThatIsReplacedDoesNotCount() throws IOException {
    Path config = model.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replace("{\"model_type", "{\"problem_type\": \"regression\", \"model_type"));
    Path adapter = train("run");
    Run.of("predict", "-m", model, "-a", adapter, "fine").ok();
    Run.of("predict", "-m", model, "fine").failed("config.json: problem_type is");
  }

  @Test
  void theTokenizersLengthIsTheDefault() throws IOException {
    Files.writeString(model.resolve("tokenizer_config.json"), "{\"model_max_length\": 4}");
    String long4 = Run.of("predict", "-m", model, "the film was awful").ok().out();
    String cut = Run.of("predict", "-m", model, "the film fine fine").ok().out();
    assertThat(long4.split("\t")[1]).isEqualTo(cut.split("\t")[1]);
    assertThat(Run.of("predict", "-m", model, "--max-length", 9, "the film was awful").ok().out())
        .isNotEqualTo(long4);
  }
}
