package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StateDictException;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransformersTest {
  @TempDir Path temp;

  private Path folderWith(Map<String, StoredTensor> weights) throws IOException {
    Path folder = Tiny.copyTo(temp);
    SafeTensors.write(folder.resolve("model.safetensors"), weights);
    return folder;
  }

  private static float[] logits(BertForSequenceClassification model) {
    return model
        .forward(Tiny.io("input.ids"), Tiny.io("input.mask"), Tiny.io("input.types"))
        .toFloats();
  }

  private static float[] hidden(BertModel model) {
    return model
        .forward(Tiny.io("input.ids"), Tiny.io("input.mask"), Tiny.io("input.types"))
        .toFloats();
  }

  /** A folder's path as text; a name that is neither folder nor cached says what to do. */
  @Test
  void namesAreFoldersOrInTheHubsCache() throws IOException {
    Path folder = Tiny.copyTo(temp);
    assertThat(Transformers.bertModel(folder.toString()).stateShapes())
        .isEqualTo(Transformers.bertModel(folder).stateShapes());
    assertThatThrownBy(() -> Transformers.bertModel("tester/no-such-model"))
        .hasMessageStartingWith("tester/no-such-model: there is no such folder, and it is not in")
        .hasMessageEndingWith("get it with 'peft4j download tester/no-such-model'");
    assertThatThrownBy(() -> Tokenizer.load("tester/no-such-model@v1", 8))
        .hasMessageEndingWith("get it with 'peft4j download tester/no-such-model --revision v1'");
  }

  @Test
  void shards() throws IOException {
    Map<String, StoredTensor> first = new LinkedHashMap<>();
    Map<String, StoredTensor> second = new LinkedHashMap<>();
    StringBuilder index = new StringBuilder("{\"metadata\":{},\"weight_map\":{");
    for (Map.Entry<String, StoredTensor> e : Tiny.weights().entrySet()) {
      boolean one = first.size() <= second.size();
      (one ? first : second).put(e.getKey(), e.getValue());
      index.append(index.charAt(index.length() - 1) == '{' ? "" : ",");
      index
          .append('"')
          .append(e.getKey())
          .append("\":\"")
          .append(one ? "a" : "b")
          .append(".safetensors\"");
    }
    Path folder = Tiny.copyTo(temp);
    Files.delete(folder.resolve("model.safetensors"));
    SafeTensors.write(folder.resolve("a.safetensors"), first);
    SafeTensors.write(folder.resolve("b.safetensors"), second);
    Files.writeString(folder.resolve("model.safetensors.index.json"), index + "}}");
    assertThat(logits(Transformers.bertForSequenceClassification(folder)))
        .isEqualTo(logits(Transformers.bertForSequenceClassification(Tiny.FOLDER)));
  }

  @Test
  void wrongKeysAreListedAllAtOnce() throws IOException {
    Map<String, StoredTensor> w = Tiny.weights();
    w.remove("bert.encoder.layer.1.output.dense.bias");
    w.remove("bert.pooler.dense.bias");
    w.put("bert.encoder.layer.2.output.dense.bias", StoredTensor.of(new float[24], 24));
    w.put("classifier.weight", StoredTensor.of(new float[5 * 24], 5, 24));
    Path folder = folderWith(w);
    assertThatThrownBy(() -> Transformers.bertForSequenceClassification(folder))
        .isInstanceOf(StateDictException.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining("bert.encoder.layer.1.output.dense.bias")
        .hasMessageContaining("bert.pooler.dense.bias")
        .hasMessageContaining("bert.encoder.layer.2.output.dense.bias")
        .hasMessageContaining("classifier.weight: expected (4, 24), found (5, 24)");
  }

  @Test
  void nothingIsReplacedWhenSomethingIsWrong() throws IOException {
    Map<String, StoredTensor> w = Tiny.weights();
    w.remove("bert.pooler.dense.bias");
    Path folder = folderWith(w);
    BertForSequenceClassification model =
        new BertForSequenceClassification(Transformers.encoderConfig(folder));
    float[] before = model.classifier().weight().toFloats();
    assertThatThrownBy(() -> Transformers.load(folder, model))
        .isInstanceOf(StateDictException.class);
    assertThat(model.classifier().weight().toFloats()).isEqualTo(before);
  }

  @Test
  void missingClassifierIsNamedUnlessANewOneIsAskedFor() throws IOException {
    Map<String, StoredTensor> w = Tiny.weights();
    w.remove("classifier.weight");
    w.remove("classifier.bias");
    Path folder = folderWith(w);
    assertThatThrownBy(() -> Transformers.bertForSequenceClassification(folder))
        .isInstanceOf(StateDictException.class)
        .hasMessageContaining("classifier.weight")
        .hasMessageContaining("classifier.bias")
        .hasMessageContaining("with the labels, or their number");
    BertForSequenceClassification fresh = head(folder, 7);
    assertThat(fresh.classifier().outFeatures()).isEqualTo(7);
    assertThat(fresh.config().labels()).hasSize(7);
    assertThat(fresh.classifier().weight().toFloats())
        .isEqualTo(head(folder, 7).classifier().weight().toFloats());
    assertThat(hidden(fresh.bert())).isEqualTo(hidden(Transformers.bertModel(Tiny.FOLDER)));
  }

  private static BertForSequenceClassification head(Path folder, int labels) {
    return Rng.with(
        3,
        () -> {
          try {
            return Transformers.bertForSequenceClassification(folder, labels);
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  @Test
  void newClassifierReplacesTheOneOfTheCheckpoint() {
    assertThat(head(Tiny.FOLDER, 9).classifier().outFeatures()).isEqualTo(9);
  }

  @Test
  void encoderFromItsOwnCheckpoint() throws IOException {
    Map<String, StoredTensor> w = new LinkedHashMap<>();
    for (Map.Entry<String, StoredTensor> e : Tiny.weights().entrySet()) {
      String n = e.getKey();
      if (n.startsWith("bert.") && !n.contains("pooler")) {
        // as TensorFlow's checkpoints and older releases have them
        String old = n.substring(5).replace("LayerNorm.weight", "LayerNorm.gamma");
        w.put(old.replace("LayerNorm.bias", "LayerNorm.beta"), e.getValue());
      }
    }
    w.put("embeddings.position_ids", new StoredTensor(Shape.of(1, 20), Storage.of(new long[20])));
    Path folder = folderWith(w);
    BertModel model = Transformers.bertModel(folder);
    assertThat(model.pooler()).isNull();
    assertThat(hidden(model)).isEqualTo(hidden(Transformers.bertModel(Tiny.FOLDER)));
  }

  @Test
  void weightsThatAreForNothingAreAWarning() throws IOException {
    Map<String, StoredTensor> w = Tiny.weights();
    w.put("linear.weight", StoredTensor.of(new float[24], 1, 24));
    w.put("crf.transitions", new StoredTensor(Shape.of(2, 2), Storage.of(new long[4])));
    w.put("bert.encoder.layer.2.output.dense.bias", StoredTensor.of(new float[24], 24));
    Path folder = folderWith(w);
    Logged logged = Logged.of(() -> Transformers.bertForSequenceClassification(folder));
    assertThat(logits((BertForSequenceClassification) logged.result()))
        .isEqualTo(logits(Transformers.bertForSequenceClassification(Tiny.FOLDER)));
    assertThat(logged.text())
        .contains(folder + ": weights that the model does not use (3): ")
        .contains("linear.weight", "crf.transitions", "bert.encoder.layer.2.output.dense.bias");
    assertThat(hidden(Transformers.bertModel(folder)))
        .isEqualTo(hidden(Transformers.bertModel(Tiny.FOLDER)));
  }

  @Test
  void manyWeightsThatAreForNothingAreCounted() throws IOException {
    Map<String, StoredTensor> w = Tiny.weights();
    for (int i = 0; i < 25; i++) {
      w.put("fit_denses." + i + ".bias", StoredTensor.of(new float[1], 1));
    }
    Path folder = folderWith(w);
    assertThat(Logged.of(() -> Transformers.bertModel(folder)).text())
        .contains("(25): fit_denses.0.bias, ")
        .contains(".bias and 15 more")
        .satisfies(t -> assertThat(t.split("fit_denses", -1)).hasSize(11));
  }

  @Test
  void aPoolerThatIsMissingIsDrawn() throws IOException {
    Map<String, StoredTensor> w = Tiny.weights();
    w.remove("bert.pooler.dense.weight");
    w.remove("bert.pooler.dense.bias");
    Path folder = folderWith(w);
    assertThat(Transformers.newLayers(folder)).containsExactly("pooler");
    assertThat(Transformers.newLayers(Tiny.FOLDER)).isEmpty();
    Logged logged = Logged.of(() -> head(folder, 2));
    assertThat(logged.text())
        .contains(folder + ": has no bert.pooler.dense.weight, bert.pooler.dense.bias; new ones");
    BertPooler drawn = ((BertForSequenceClassification) logged.result()).bert().pooler();
    float[] weight = drawn.dense().weight().toFloats();
    double squares = 0;
    for (float v : weight) {
      squares += v * v;
    }
    double std = Transformers.encoderConfig(folder).initializerRange();
    assertThat(Math.sqrt(squares / weight.length)).isCloseTo(std, within(std / 5));
    assertThat(drawn.dense().bias().toFloats()).containsOnly(0);
    assertThat(head(folder, 2).bert().pooler().dense().weight().toFloats()).isEqualTo(weight);
    assertThat(Transformers.bertModel(folder).pooler()).isNull();
    assertThat(Transformers.bertForSequenceClassification(folder).classifier().weight().toFloats())
        .isEqualTo(Tiny.weights().get("classifier.weight").storage().toFloats());
  }

  @Test
  void whatIsSaidOfAHeadThatIsReplacedDoesNotCount() throws IOException {
    Path folder = Tiny.copyTo(temp);
    String config = Files.readString(folder.resolve("config.json"));
    String odd =
        "\"problem_type\": \"multi_label_classification\", \"num_labels\": \"many\","
            + " \"classifier_dropout\": 7, \"id2label\": {\"3\": 1}, \"label2id\": 2, \"x\": ";
    Files.writeString(
        folder.resolve("config.json"),
        config
            .replaceAll("\"(id2label|label2id|classifier_dropout)\"", "\"old_$1\"")
            .replaceFirst("\\{", "{" + odd + "1, "));
    assertThat(head(folder, 3).classifier().outFeatures()).isEqualTo(3);
    assertThat(hidden(Transformers.bertModel(folder)))
        .isEqualTo(hidden(Transformers.bertModel(Tiny.FOLDER)));
    assertThat(Transformers.encoderConfig(folder, 5).numLabels()).isEqualTo(5);
    assertThatThrownBy(() -> Transformers.bertForSequenceClassification(folder))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("classifier_dropout is 7");
  }

  @Test
  void modelTypeIsGuessed() throws IOException {
    Path folder = Tiny.copyTo(temp);
    Path file = folder.resolve("config.json");
    String config = Files.readString(file).replace("\"model_type\"", "\"old_type\"");
    Files.writeString(file, config);
    assertThat(logits(Transformers.bertForSequenceClassification(folder)))
        .isEqualTo(logits(Transformers.bertForSequenceClassification(Tiny.FOLDER)));
    for (String other : new String[] {"UnheardOfModel", "Bertha"}) {
      Files.writeString(file, config.replace("BertForSequenceClassification", other));
      assertThatThrownBy(() -> Transformers.bertModel(folder))
          .isInstanceOf(FileFormatException.class)
          .hasMessage(
              file
                  + ": model_type is missing, and architectures names no class of a known family;"
                  + " write it into the file, one of "
                  + String.join(
                      ", ", ModelFamily.all().stream().map(ModelFamily::modelType).toList()));
    }
  }

  @Test
  void slopesOfPrelu() throws IOException {
    Map<String, StoredTensor> w = Tiny.weights();
    Path folder = Tiny.copyTo(temp);
    Path file = folder.resolve("config.json");
    Files.writeString(
        file,
        Files.readString(file)
            .replaceAll("\"hidden_act\": \"[a-z]*\"", "\"hidden_act\": \"prelu\""));
    BertModel first = Transformers.bertModel(folder);
    for (int i = 0; i < 2; i++) {
      String name = "encoder.layer." + i + ".intermediate.intermediate_act_fn.weight";
      assertThat(first.stateDict().get(name).toFloats()).containsExactly(0.25f);
      w.put("bert." + name, StoredTensor.of(new float[] {0.5f}, 1));
    }
    SafeTensors.write(folder.resolve("model.safetensors"), w);
    assertThat(hidden(Transformers.bertModel(folder))).isNotEqualTo(hidden(first));
  }

  @Test
  void weightsThatAreNoNumbers() throws IOException {
    Map<String, StoredTensor> w = Tiny.weights();
    w.put("classifier.bias", new StoredTensor(Shape.of(4), Storage.of(new long[4])));
    Path folder = folderWith(w);
    assertThatThrownBy(() -> Transformers.bertForSequenceClassification(folder))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("classifier.bias I64");
  }

  @Test
  void subclassOfOnesOwn() throws IOException {
    class Mine extends BertForSequenceClassification {
      Mine(EncoderConfig config) {
        super(config);
      }
    }
    Mine mine = Transformers.load(Tiny.FOLDER, new Mine(Transformers.encoderConfig(Tiny.FOLDER)));
    assertThat(logits(mine))
        .isEqualTo(logits(Transformers.bertForSequenceClassification(Tiny.FOLDER)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"float16", "bfloat16"})
  void weightsOf16BitsAreMapped(String name) throws IOException {
    Encoding type = Encodings.named(name);
    Map<String, StoredTensor> w = new LinkedHashMap<>();
    for (Map.Entry<String, StoredTensor> e : Tiny.weights().entrySet()) {
      StoredTensor t = e.getValue();
      w.put(e.getKey(), new StoredTensor(t.shape(), t.storage().copyAs(type)));
    }
    Path folder = folderWith(w);
    BertForSequenceClassification half = Transformers.bertForSequenceClassification(folder, type);
    assertThat(half.parameters())
        .allMatch(p -> p.own().encoding().equals(type) && p.own().segment().isReadOnly())
        .noneMatch(Parameter::trainable);
    float[] expected = logits(Transformers.bertForSequenceClassification(folder));
    assertThat(logits(half)).containsExactly(expected, within(1e-5f));
    assertThat(logits(Transformers.bertForSequenceClassification(Tiny.FOLDER, type)))
        .containsExactly(expected, within(1e-5f));

    BertForSequenceClassification head =
        Transformers.bertForSequenceClassification(folder, 3, type);
    assertThat(head.classifier().weight().own().encoding()).isEqualTo(Encodings.FLOAT32);
    assertThat(head.trainableParameters()).hasSize(2);
    assertThatThrownBy(() -> Transformers.bertModel(folder, Encodings.INT64))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("weights cannot be INT64, needed an encoding of floating-point numbers");
  }

  @Test
  void foldersThatAreNone() {
    assertThatThrownBy(() -> Transformers.bertModel(temp.resolve("absent")))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("does not exist");
    assertThatThrownBy(() -> Transformers.bertModel(temp)).hasMessageContaining("config.json");
  }

  @Test
  void newWeightsAreDrawnAsTransformersDrawsThem() {
    EncoderConfig config =
        EncoderConfig.builder()
            .vocabSize(500)
            .hiddenSize(120)
            .layers(1)
            .intermediateSize(200)
            .build();
    BertModel model = Rng.with(1, () -> new BertModel(config));
    float[] words = model.embeddings().wordEmbeddings().weight().toFloats();
    double squares = 0;
    for (float v : words) {
      squares += v * v;
    }
    assertThat(Math.sqrt(squares / words.length)).isBetween(0.0195, 0.0205);
    assertThat(Arrays.copyOf(words, 120)).containsOnly(0);
    assertThat(model.encoder().layer().get(0).attention().self().query().bias().toFloats())
        .containsOnly(0);
    Tensor out = model.forward(Tensor.of(new long[] {1, 2, 3}, 1, 3), null);
    assertThat(out.shape().toString()).isEqualTo("(1, 3, 120)");
  }
}
