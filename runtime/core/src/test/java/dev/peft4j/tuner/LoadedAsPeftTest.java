package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.NonFiniteException;
import dev.peft4j.data.Storage;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.HasModelType;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.ia3.Ia3Config;
import dev.peft4j.tuner.ia3.Ia3Tuner;
import dev.peft4j.tuner.lora.LoraConfig;
import dev.peft4j.tuner.lora.LoraTuner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files as peft takes them; what peft predicts is in the tests of the transformers. */
class LoadedAsPeftTest {
  private static final Tensor X = Nets.input(3, 5, 16);
  private static final String FC1 = "base_model.model.fc1.base_layer.weight";
  private static final String NORM = "base_model.model.norm.weight";

  @TempDir Path folder;

  @BeforeEach
  void save() {
    AdaptedModel<Nets.Mlp> model =
        PeftModel.of(Nets.mlp(1), LoraConfig.builder().targets("fc1", "fc2").r(2).alpha(4).build());
    Nets.disturb(model, 2);
    model.save(folder);
  }

  // ---- values of the base

  @Test
  void valuesOfTheBaseInTheFileStandForTheBasesWhileTheAdapterActs() throws IOException {
    Nets.Mlp changed = Nets.mlp(1);
    scale(changed.fc1.weight(), 1.5f);
    scale(scaleOf(changed), 0.5f);
    PeftModel.load(changed, folder);
    float[] expected = changed.forward(X).toFloats();
    add(FC1, changed.fc1.weight());
    add(NORM, scaleOf(changed));

    Nets.Mlp net = Nets.mlp(1);
    float[] plain = net.forward(X).toFloats();
    AdaptedModel<Nets.Mlp> model = PeftModel.load(net, folder, true);
    assertThat(net.forward(X).toFloats()).isEqualTo(expected);
    assertThat(model.withoutAdapter(() -> net.forward(X).toFloats())).isEqualTo(plain);
    // they are the base's: not trained, and saved so that they are found again
    assertThat(model.trainableParameters()).hasSize(4);
    Path again = folder.resolve("again");
    model.save(again);
    Nets.Mlp second = Nets.mlp(1);
    PeftModel.load(second, again);
    assertThat(second.forward(X).toFloats()).isEqualTo(expected);
    model.load(again);
    assertThat(net.forward(X).toFloats()).isEqualTo(expected);
    model.merge();
    assertThat(Nets.largestDifference(net.forward(X).toFloats(), expected)).isLessThan(1e-5f);
    model.unmerge();
    model.mergeAndUnload();
    assertThat(Nets.largestDifference(net.forward(X).toFloats(), expected)).isLessThan(1e-5f);
    assertThat(scaleOf(net).toFloats()).isEqualTo(scaleOf(changed).own().toFloats());
  }

  @Test
  void theBasesOwnValuesAreNoCopies() throws IOException {
    Nets.Mlp net = Nets.mlp(1);
    add(FC1, net.fc1.weight());
    add(NORM, scaleOf(net));
    add("base_model.model.fc2.weight", net.fc2.weight()); // peft would look below base_layer
    AdaptedModel<Nets.Mlp> model = PeftModel.load(net, folder);
    assertThat(model.adapters().adapter("default").copies()).isEmpty();
    model.save(folder.resolve("again"));
    assertThat(SafeTensors.open(folder.resolve("again/adapter_model.safetensors")).names())
        .hasSize(4);
    model.load(folder);
    Nets.Mlp other = Nets.mlp(7);
    AdaptedModel<Nets.Mlp> attached =
        PeftModel.of(other, LoraConfig.builder().targets("fc1", "fc2").r(2).alpha(4).build());
    assertThatThrownBy(() -> attached.load(folder))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(FC1 + " is not the model's fc1.weight");
  }

  @Test
  void ofAnotherShapeTheyAreAnError() throws IOException {
    tensors(t -> t.put(NORM, StoredTensor.of(new float[3], 3)));
    assertThatThrownBy(() -> PeftModel.load(Nets.mlp(1), folder))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining(NORM + " has the shape (3,), the model's norm.weight (32,)");
  }

  @Test
  void twoAdaptersMayHaveTheSameValuesOfTheBase() throws IOException {
    Nets.Mlp changed = Nets.mlp(1);
    scale(scaleOf(changed), 0.5f);
    add(NORM, scaleOf(changed));
    Nets.Mlp net = Nets.mlp(1);
    AdaptedModel<Nets.Mlp> model = PeftModel.load(net, folder);
    model.adapters().addFrom(folder, "second");
    PeftModel.load(changed, folder).adapters().addFrom(folder, "second");
    float[] both =
        model.adapters().with(List.of("default", "second"), () -> net.forward(X).toFloats());
    assertThat(both).isNotEqualTo(net.forward(X).toFloats());
    model.adapters().hotSwap("second", folder);
    model
        .adapters()
        .addWeighted(
            "sum",
            List.of("default", "second"),
            List.of(1.0, 1.0),
            Combination.of(Combination.Method.CAT));
    assertThat(
            Nets.largestDifference(model.withAdapter("sum", () -> net.forward(X).toFloats()), both))
        .isLessThan(1e-5f);
    scale(scaleOf(changed), 0.5f);
    add(NORM, scaleOf(changed));
    model.adapters().addFrom(folder, "third");
    assertThatThrownBy(
            () -> model.adapters().with(List.of("default", "third"), () -> net.forward(X)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("norm.weight");
  }

  // ---- targets

  @Test
  void targetsOfAFileMayMatchInPart() throws IOException {
    settings(t -> t.putArray("target_modules").add("fc1").add("fc2").add("c2").add(""));
    Nets.Mlp net = Nets.mlp(1);
    PeftModel.load(net, folder);
    LoraConfig config =
        new LoraTuner().read(AdapterConfig.read(folder.resolve("adapter_config.json")));
    Nets.Mlp other = Nets.mlp(1);
    PeftModel.of(other, config).load(folder);
    assertThat(other.forward(X).toFloats()).isEqualTo(net.forward(X).toFloats());
    LoraConfig written = LoraConfig.builder().targets("fc1", "fc2", "c2").r(2).alpha(4).build();
    assertThat(written).isEqualTo(config);
    assertThatThrownBy(() -> PeftModel.of(Nets.mlp(1), written))
        .hasMessageContaining("Target modules [c2] not found")
        .hasMessageContaining("Did you mean \"fc2\"?");
  }

  @Test
  void thatNoneMatchesIsAnErrorThatSaysWhatThereIs() throws IOException {
    settings(t -> t.putArray("target_modules").add("q_proj"));
    assertThatThrownBy(() -> PeftModel.load(Nets.mlp(1), folder))
        .hasMessageContaining(
            "adapter_config.json: Target modules [q_proj] not found in the base model")
        .hasMessageContaining("Modules: [fc1, fc2, head, norm]");
    settings(t -> t.putNull("target_modules"));
    assertThatThrownBy(() -> PeftModel.load(Nets.mlp(1), folder))
        .hasMessageContaining("there are no targets (target_modules)");
  }

  /** What peft's lists have for some kinds of model; BERT's files are with the transformers. */
  @ParameterizedTest
  @CsvSource({"phi, fc1 fc2", "opt, ", "llama, "})
  void withoutTargetsThoseOfTheKindOfModelAreAdapted(String type, String adapted) {
    class Typed extends Nets.Mlp implements HasModelType {
      @Override
      public String modelType() {
        return type;
      }
    }
    LoraConfig open = LoraConfig.builder().r(2).modulesToSave("head").build();
    if (adapted == null) { // the list's names are not in this model
      assertThatThrownBy(() -> PeftModel.of(new Typed(), open))
          .hasMessageContaining("Target modules [q_proj, v_proj] not found in the base model");
      return;
    }
    AdaptedModel<Typed> model = PeftModel.of(new Typed(), open);
    assertThat(model.adapters().adapter("default").layers().keySet())
        .containsExactlyInAnyOrder(adapted.split(" "));
    assertThat(model.adapters().config("default").targets().modulesToSave())
        .containsExactly("head");
    Nets.disturb(model, 3);
    Path again = folder.resolve("again");
    model.save(again);
    Nets.Mlp plain = Nets.mlp(1); // of no kind: the file names what was chosen
    assertThat(PeftModel.load(plain, again).adapters().adapter("default").layers().keySet())
        .containsExactlyInAnyOrder(adapted.split(" "));
  }

  @Test
  void feedforwardLayersThatAFileLeavesOpenAreThoseOfTheKindOfModel() throws IOException {
    class Opt extends Nets.Mlp implements HasModelType {
      @Override
      public String modelType() {
        return "opt";
      }
    }
    for (String said : List.of("null", "[]")) {
      String json =
          "{\"peft_type\": \"IA3\", \"target_modules\": [\"fc1\", \"head\", \"c2\", \"fc2\"],"
              + " \"feedforward_modules\": "
              + said
              + "}";
      Files.writeString(folder.resolve("adapter_config.json"), json);
      Ia3Config read =
          new Ia3Tuner().read(AdapterConfig.read(folder.resolve("adapter_config.json")));
      AdaptedModel<Opt> model = PeftModel.of(new Opt(), read);
      Ia3Config used = (Ia3Config) model.adapters().config("default");
      assertThat(used.isFeedforward("fc2")).isEqualTo(said.equals("null"));
      assertThat(used.isFeedforward("fc1")).isFalse();
    }
  }

  /** As peft 0.21 takes them: a list that is there counts, also where the targets are left open. */
  @ParameterizedTest
  @CsvSource({"null, fc2", "[], ", "'[\"fc2\", \"fc9\"]', fc2", "'\"fc2\"', fc2"})
  void feedforwardLayersWithoutTargets(String said, String feedforward) throws IOException {
    class Opt extends Nets.Mlp implements HasModelType {
      @Override
      public String modelType() {
        return "opt";
      }
    }
    String json = "{\"peft_type\": \"IA3\", \"target_modules\": null, \"feedforward_modules\": ";
    Files.writeString(folder.resolve("adapter_config.json"), json + said + "}");
    Ia3Config read = new Ia3Tuner().read(AdapterConfig.read(folder.resolve("adapter_config.json")));
    Ia3Config used = (Ia3Config) PeftModel.of(new Opt(), read).adapters().config("default");
    assertThat(used.isFeedforward("fc2")).isEqualTo(feedforward != null);
    assertThat(used.targets().targets()).contains("fc2");
  }

  @Test
  @Timeout(60)
  void expressionsOfAFileAreBoundedAndErrorsNameTheSetting() throws IOException {
    for (String regex :
        List.of(
            "(((){60000}){60000}){60000}fc[12]",
            "(){2147483647}fc[12]",
            "(".repeat(300) + "fc[12]" + ")*".repeat(300),
            "[" + "f".repeat(90_000) + "]c[12]")) {
      settings(t -> t.put("target_modules", regex));
      PeftModel.load(Nets.mlp(1), folder);
    }
    for (String key : List.of("target_modules", "exclude_modules", "layers_pattern")) {
      save();
      settings(
          t -> {
            t.put(key, "(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)".repeat(20) + "(.)\\1\\2\\3!");
            if (key.equals("layers_pattern")) {
              t.put("layers_to_transform", 0);
            }
          });
      if (!key.equals("layers_pattern")) { // of which fc1, named exactly, takes no notice
        assertThat(error()).contains("adapter_config.json: " + key, "takes too long for");
      }
      settings(t -> t.put(key, "((a{500}){500}){500}"));
      assertThat(error()).contains("adapter_config.json: " + key, "more than 100000 steps");
    }
    save();
    settings(t -> t.putObject("rank_pattern").put("(.*)".repeat(99) + "(.)\\5\\6\\7!", 2));
    assertThat(error()).contains("adapter_config.json: rank_pattern", "takes too long for");
    settings(t -> t.putObject("rank_pattern").put("\\p{L}", 2));
    assertThat(error()).contains("rank_pattern has '", "\\p{L}", "bad escape \\p");
  }

  // ---- numbers

  @ParameterizedTest
  @CsvSource({"0", "-8"})
  void alphaOfAFileMayBeAnyNumber(double alpha) throws IOException {
    settings(t -> t.put("lora_alpha", alpha));
    Nets.Mlp net = Nets.mlp(1);
    AdaptedModel<Nets.Mlp> model = PeftModel.load(net, folder);
    assertThat(((LoraConfig) model.adapters().config("default")).scaleOf("fc1"))
        .isEqualTo(alpha / 2);
    boolean same =
        java.util.Arrays.equals(net.forward(X).toFloats(), Nets.mlp(1).forward(X).toFloats());
    assertThat(same).isEqualTo(alpha == 0);
    model.save(folder.resolve("again"));
    Nets.Mlp second = Nets.mlp(1);
    PeftModel.load(second, folder.resolve("again"));
    assertThat(second.forward(X).toFloats()).isEqualTo(net.forward(X).toFloats());
    assertThatThrownBy(() -> LoraConfig.builder().targets("fc1").alpha(alpha).build())
        .hasMessageContaining("must be positive");
    settings(t -> t.put("init_lora_weights", "pissa"));
    assertThatThrownBy(() -> PeftModel.load(Nets.mlp(1), folder)).hasMessageContaining("PiSSA");
  }

  @Test
  void whatIsNotFiniteIsNamedAndNeitherSavedNorMergedNorCombined() throws IOException {
    String key = "base_model.model.fc2.lora_B.weight";
    tensors(
        t -> {
          float[] v = t.get(key).storage().toFloats();
          v[3] = Float.NaN;
          v[7] = Float.POSITIVE_INFINITY;
          t.put(key, new StoredTensor(t.get(key).shape(), Storage.of(v)));
        });
    Nets.Mlp net = Nets.mlp(1);
    AdaptedModel<Nets.Mlp> model = PeftModel.load(net, folder);
    assertThat(model.adapters().nonFinite())
        .containsExactly(
            "base_model.model.fc2.lora_B.default.weight has NaN at [1, 1] and 1 more number that"
                + " is not finite");
    Path again = folder.resolve("again");
    assertThatThrownBy(() -> model.save(again))
        .isInstanceOf(NonFiniteException.class)
        .hasMessageContaining("is not saved: " + key + " has NaN at [1, 1]");
    assertThat(again).doesNotExist();
    assertThatThrownBy(model::merge).isInstanceOf(NonFiniteException.class);
    assertThatThrownBy(model::mergeAndUnload).hasMessageContaining("'fc2.weight'");
    assertThatThrownBy(
            () ->
                model
                    .adapters()
                    .addWeighted(
                        "mixed",
                        List.of("default"),
                        List.of(1.0),
                        Combination.of(Combination.Method.LINEAR)))
        .isInstanceOf(NonFiniteException.class)
        .hasMessageContaining("NaN");
    assertThat(model.adapters().names()).containsExactly("default");
    model.adapters().unload();
    scale(net.head.weight(), Float.NaN);
    assertThat(AdapterSet.freezing(net).nonFinite().getFirst()).startsWith("head.weight has NaN");
  }

  @Test
  void mergingIsRefusedIfAModuleThatItTrainedIsNotFinite() {
    Nets.Mlp net = Nets.mlp(1);
    AdaptedModel<Nets.Mlp> model =
        PeftModel.of(
            net, LoraConfig.builder().targets("fc1").modulesToSave("head").r(2).alpha(4).build());
    for (Parameter p : model.trainableParameters()) {
      if (p.name().contains("modules_to_save") && p.name().endsWith("bias")) {
        scale(p, Float.NaN);
      }
    }
    float[] before = net.head.bias().own().toFloats();
    assertThatThrownBy(model::mergeAndUnload)
        .isInstanceOf(NonFiniteException.class)
        .hasMessageContaining("NaN into 'head.bias'");
    assertThat(net.head.bias().own().toFloats()).isEqualTo(before);
  }

  @Test
  void doraOfARowOfZerosNamesTheRow() {
    Nets.Mlp net = Nets.mlp(1);
    float[] w = net.fc1.weight().toFloats();
    java.util.Arrays.fill(w, 5 * 16, 6 * 16, 0);
    net.fc1.weight().set(w);
    LoraConfig dora = LoraConfig.builder().targets("fc1").r(2).dora(true).build();
    assertThatThrownBy(() -> PeftModel.of(net, dora))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("output 5 of 'fc1.weight' is 0");
    assertThat(net.parameters()).allMatch(Parameter::trainable);
    PeftModel.of(Nets.mlp(1), dora).save(folder); // B is zero, so the sum is zero there, too
    assertThatThrownBy(() -> PeftModel.load(net, folder))
        .hasMessageContaining("output 5 of 'fc1.weight' is 0");
  }

  // ---- helpers

  private String error() {
    try {
      PeftModel.load(Nets.mlp(1), folder);
      return "loaded";
    } catch (UncheckedIOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static Parameter scaleOf(Nets.Mlp net) {
    return java.util.Objects.requireNonNull(net.norm.ownParameters().get("weight"));
  }

  private static void scale(Parameter p, float factor) {
    float[] v = p.own().toFloats();
    for (int i = 0; i < v.length; i++) {
      v[i] *= factor;
    }
    p.set(v);
  }

  private void add(String key, Parameter value) throws IOException {
    tensors(t -> t.put(key, new StoredTensor(value.shape(), value.own())));
  }

  private void tensors(Consumer<Map<String, StoredTensor>> change) throws IOException {
    Path file = folder.resolve("adapter_model.safetensors");
    SafeTensors open = SafeTensors.open(file);
    Map<String, StoredTensor> all = new LinkedHashMap<>();
    for (String name : open.names()) {
      all.put(name, new StoredTensor(open.info(name).shape(), open.storage(name).copy()));
    }
    change.accept(all);
    SafeTensors.write(file, all);
  }

  private void settings(Consumer<ObjectNode> change) throws IOException {
    Path file = folder.resolve("adapter_config.json");
    JsonMapper json = new JsonMapper();
    ObjectNode tree = (ObjectNode) json.readTree(file.toFile());
    change.accept(tree);
    Files.write(file, json.writeValueAsBytes(tree));
  }
}
