package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.annotation.Bias;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StateDictException;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Saving and loading, and every folder that is not what it should be. */
class AdapterFilesTest {
  private static final Tensor X = Nets.input(2, 3, 16);
  private static final String FC1_A = "base_model.model.fc1.lora_A.weight";
  private static final String FC1_B = "base_model.model.fc1.lora_B.weight";
  private static final String FC2_B = "base_model.model.fc2.lora_B.weight";

  private @TempDir Path folder;
  private final Nets.Mlp base = Nets.mlp(1);
  private final AdaptedModel<Nets.Mlp> model = adapted(base, config().build(), 2);
  private float[] saved;
  private float[] present;
  private Map<String, float[]> parameters;

  private static LoraConfig.Builder config() {
    return LoraConfig.builder().r(3).alpha(6).targets("fc1", "fc2");
  }

  private static AdaptedModel<Nets.Mlp> adapted(Nets.Mlp base, LoraConfig config, long seed) {
    AdaptedModel<Nets.Mlp> model = Rng.with(seed, () -> PeftModel.of(base, config));
    Nets.disturb(model, seed);
    return model;
  }

  /** An adapter in the folder, and other weights in the model. */
  @BeforeEach
  void saveAndGoOn() {
    saved = base.forward(X).toFloats();
    model.save(folder);
    Nets.disturb(model, 9);
    present = base.forward(X).toFloats();
    parameters = Nets.values(model.namedParameters(), n -> true);
    assertThat(present).isNotEqualTo(saved);
  }

  // ---- what works

  @Test
  void loadingGivesBackWhatWasSaved() throws IOException {
    model.load(folder);
    assertThat(base.forward(X).toFloats()).isEqualTo(saved);
    assertThat(SafeTensors.open(weights()).names())
        .containsExactlyInAnyOrder(FC1_A, FC1_B, "base_model.model.fc2.lora_A.weight", FC2_B);
    assertThat(model.trainableParameters()).hasSize(4);
  }

  @Test
  void anAdapterLoadedForUseIsFrozen() {
    Nets.Mlp other = Nets.mlp(1);
    AdaptedModel<Nets.Mlp> loaded = PeftModel.load(other, folder);
    assertThat(other.forward(X).toFloats()).isEqualTo(saved);
    assertThat(loaded.trainableParameters()).isEmpty();
    loaded.adapters().activate("default");
    assertThat(loaded.trainableParameters()).hasSize(4);
    Nets.Mlp third = Nets.mlp(1);
    assertThat(PeftModel.load(third, folder, true).trainableParameters()).hasSize(4);
  }

  @Test
  void theConfigurationHoldsEverySetting() throws IOException {
    Nets.Mlp other = Nets.mlp(1);
    LoraConfig config =
        config()
            .rslora(true)
            .dropout(0.25)
            .bias(Bias.ALL)
            .modulesToSave("head")
            .rankPattern("fc2", 5)
            .alphaPattern("fc1", 2.5)
            .exclude("norm")
            .taskType("FEATURE_EXTRACTION")
            .baseModel("some/model")
            .build();
    AdaptedModel<Nets.Mlp> before = adapted(other, config, 4);
    other.eval();
    float[] expected = other.forward(X).toFloats();
    before.save(folder);
    Nets.Mlp third = Nets.mlp(1);
    AdaptedModel<Nets.Mlp> after = PeftModel.load(third, folder);
    third.eval();
    assertThat(third.forward(X).toFloats()).isEqualTo(expected);
    assertThat(after.adapters().config("default")).isEqualTo(config);
  }

  @Test
  void otherNamesGoToFoldersOfTheirName() {
    Nets.Mlp other = Nets.mlp(1);
    AdaptedModel<Nets.Mlp> two =
        Rng.with(1, () -> PeftModel.of(other, config().build(), "fc1")); // a segment of the paths
    two.adapters().addMatching("second", config().bias(Bias.LORA_ONLY).build());
    Nets.disturb(two, 3);
    float[] first = two.withAdapter("fc1", () -> other.forward(X).toFloats());
    float[] second = two.withAdapter("second", () -> other.forward(X).toFloats());
    Path both = folder.resolve("both");
    two.save(both);
    assertThat(both.resolve("fc1/adapter_model.safetensors")).exists();
    assertThat(both.resolve("second/adapter_config.json")).exists();
    assertThat(both.resolve("adapter_config.json")).doesNotExist();
    two.adapters().activate("fc1", "second");
    Nets.disturb(two, 5);
    two.load(both);
    assertThat(two.withAdapter("fc1", () -> other.forward(X).toFloats())).isEqualTo(first);
    assertThat(two.withAdapter("second", () -> other.forward(X).toFloats())).isEqualTo(second);
  }

  @Test
  void ifOneOfSeveralDoesNotFitNoneIsLoaded() throws IOException {
    Nets.Mlp other = Nets.mlp(1);
    AdaptedModel<Nets.Mlp> two = adapted(other, config().build(), 2);
    two.adapters().addMatching("second", config().build());
    Path both = folder.resolve("both");
    two.save(both);
    Files.delete(both.resolve("second/adapter_model.safetensors"));
    Nets.disturb(two, 5);
    Map<String, float[]> before = Nets.values(two.namedParameters(), n -> true);
    assertThatThrownBy(() -> two.load(both)).hasMessageContaining("second");
    Nets.values(two.namedParameters(), n -> true)
        .forEach((name, v) -> assertThat(v).as(name).isEqualTo(before.get(name)));
  }

  @Test
  void aFileWithOnlyTheNecessaryKeysLoads() throws IOException {
    Files.writeString(
        settings(),
        "{\"peft_type\": \"LORA\", \"r\": 3, \"lora_alpha\": 6, \"target_modules\": [\"fc1\","
            + " \"fc2\"]}");
    model.load(folder);
    assertThat(base.forward(X).toFloats()).isEqualTo(saved);
  }

  @Test
  void unknownKeysOnlyWarn() throws IOException {
    edit(tree -> tree.put("invented_by_a_later_release", 7));
    model.load(folder);
    assertThat(base.forward(X).toFloats()).isEqualTo(saved);
  }

  @Test
  void savingAgainReplacesTheFiles() {
    model.save(folder);
    model.load(folder);
    assertThat(base.forward(X).toFloats()).isEqualTo(present);
  }

  // ---- what does not: nothing may have changed

  @Test
  void missingUnexpectedAndMisshapedKeysAreListedAtOnce() throws IOException {
    Map<String, StoredTensor> tensors = read();
    tensors.remove(FC1_A);
    tensors.put(FC1_B, StoredTensor.of(new float[32], 32, 1));
    tensors.remove(FC2_B);
    tensors.put("base_model.model.fc9.lora_B.weight", StoredTensor.of(new float[4], 4));
    SafeTensors.write(weights(), tensors);
    assertThatThrownBy(() -> model.load(folder))
        .isInstanceOf(StateDictException.class)
        .hasMessageContaining("2 missing")
        .hasMessageContaining(FC1_A)
        .hasMessageContaining(FC2_B)
        .hasMessageContaining("1 unexpected")
        .hasMessageContaining("fc9")
        .hasMessageContaining("1 of another shape")
        .hasMessageContaining(FC1_B + ": expected (32, 3), found (32, 1)")
        .hasMessageContaining(weights().toString());
    nothingChanged();
    newModelStaysAsItWas(StateDictException.class);
  }

  @Test
  void anAdapterForAnotherModelSaysSo() {
    Nets.Tower tower = new Nets.Tower();
    PeftModel other = PeftModel.of(tower, LoraConfig.builder().targets("q_proj").build());
    other.save(folder);
    assertThatThrownBy(() -> model.load(folder))
        .isInstanceOf(StateDictException.class)
        .hasMessageContaining("another model")
        .hasMessageContaining("body.layers.0.q_proj.lora_A");
    nothingChanged();
    newModelStaysAsItWas(StateDictException.class);
  }

  @Test
  void anotherRankSaysSo() {
    adapted(Nets.mlp(1), config().r(5).build(), 2).save(folder);
    assertThatThrownBy(() -> model.load(folder))
        .hasMessageContaining("expected r = 3, found r = 5");
    nothingChanged();
  }

  @ParameterizedTest
  @CsvSource({
    "lora_alpha, 7",
    "use_rslora, true",
  })
  void settingsThatScaleOtherwiseAreAnError(String key, String value) throws IOException {
    edit(tree -> tree.set(key, json(value)));
    assertThatThrownBy(() -> model.load(folder))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("scales 'fc1' by")
        .hasMessageContaining("this model by 2.0");
    nothingChanged();
  }

  @ParameterizedTest
  @CsvSource({"use_dora, true", "lora_bias, true", "init_lora_weights, \"pissa\""})
  void settingsThatMakeSomethingElseOfTheWeightsAreAnError(String key, String value)
      throws IOException {
    edit(tree -> tree.set(key, json(value)));
    assertThatThrownBy(() -> model.load(folder))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("differs for 'fc1' in ")
        .hasMessageContaining(key);
    nothingChanged();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "peft_type | \"XLORA\" | XLORA is not supported yet; supported: ",
        "peft_type | \"LORRA\" | unknown peft_type",
        "peft_type | \"lora\" | did you mean LORA",
        "peft_type | null | peft_type",
        "peft_type | 3 | peft_type",
        "r | 0 | r is the number 0, expected a whole number from 1",
        "r | \"8\" | r is",
        "r | 2.5 | r is the number 2.5",
        "lora_alpha | \"1\" | lora_alpha is the text '1', expected a finite number",
        "lora_dropout | 1.5 | lora_dropout is the number 1.5",
        "bias | \"some\" | bias is",
        "use_rslora | \"yes\" | use_rslora is",
        "use_dora | \"no\" | use_dora is",
        "init_lora_weights | \"evil\" | \"eva\", \"corda\", \"lora_ga\" and \"loftq\" are"
            + " read as true",
        "target_modules | \"fc(1\" | target_modules has 'fc(1', which is not a regular expression"
            + " of Python: missing ), unterminated subpattern: an unclosed group at position 2",
        "exclude_modules | \"\\\\p{L}\" | exclude_modules has",
        "modules_to_save | [\"a\", \"b)\"] | modules_to_save has",
        "layers_pattern | [\"((a{400}){400}){400}\"] | layers_pattern has",
        "rank_pattern | {\"(?i)fc1\": 2} | rank_pattern has",
        "alpha_pattern | {\"fc1)\": 2} | alpha_pattern has",
        "init_lora_weights | \"pisa\" | \"pissa_niter_N\", \"olora\" or \"mica\"",
        "trainable_token_indices | {\"fc1\": 3} | trainable_token_indices['fc1'] is the number 3",
        "use_qalora | true | not supported yet: use_qalora is true",
        "init_lora_weights | \"nonsense\" | init_lora_weights",
        "target_modules | 5 | target_modules is the number 5",
        "target_modules | [1] | target_modules[0] is the number 1",
        "modules_to_save | \"head\" | modules_to_save is",
        "rank_pattern | {\"fc1\": 0} | rank_pattern['fc1'] is the number 0",
        "alpha_pattern | {\"fc1\": \"a\"} | alpha_pattern['fc1']",
        "task_type | \"DANCE\" | task_type",
      })
  void wrongSettingsNameFileKeyAndWhatIsRight(String key, String value, String message)
      throws IOException {
    edit(tree -> tree.set(key, json(value)));
    assertThatThrownBy(() -> model.load(folder))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(settings().toString())
        .hasMessageContaining(message);
    nothingChanged();
    newModelStaysAsItWas(UncheckedIOException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "{", "[]", "null", "{\"peft_type\": \"LORA\", \"peft_type\": \"LORA\"}"})
  void settingsThatAreNoJsonObjectAreErrors(String text) throws IOException {
    Files.writeString(settings(), text);
    assertThatThrownBy(() -> model.load(folder))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(settings().toString());
    nothingChanged();
  }

  @Test
  void missingFilesAreNamed() throws IOException {
    assertThatThrownBy(() -> model.load(folder.resolve("nowhere")))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("nowhere")
        .hasMessageContaining("does not exist");
    Files.delete(weights());
    assertThatThrownBy(() -> model.load(folder))
        .hasMessageContaining("adapter_model.safetensors is missing");
    Files.delete(settings());
    assertThatThrownBy(() -> model.load(folder)).hasMessageContaining("no adapter_config.json");
    nothingChanged();
    newModelStaysAsItWas(UncheckedIOException.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4, 8, 100, -1})
  void weightsThatAreCutShortAreErrors(int length) throws IOException {
    byte[] whole = Files.readAllBytes(weights());
    int n = length < 0 ? whole.length - 1 : length;
    Files.write(weights(), Arrays.copyOf(whole, n));
    assertThatThrownBy(() -> model.load(folder))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(weights().toString());
    nothingChanged();
    newModelStaysAsItWas(UncheckedIOException.class);
  }

  @Test
  void integersAreNoWeights() throws IOException {
    Map<String, StoredTensor> tensors = read();
    StoredTensor last = tensors.get(FC2_B);
    tensors.put(
        FC2_B, new StoredTensor(last.shape(), Storage.of(new long[(int) last.shape().elements()])));
    SafeTensors.write(weights(), tensors);
    assertThatThrownBy(() -> model.load(folder))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(FC2_B);
    nothingChanged();
  }

  @Test
  void aMergedAdapterIsNeitherSavedNorLoaded() throws IOException {
    byte[] before = Files.readAllBytes(weights());
    model.merge();
    assertThatThrownBy(() -> model.save(folder))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'default' is merged; unmerge() it before it is saved");
    assertThatThrownBy(() -> model.load(folder)).hasMessageContaining("before it is loaded");
    model.unmerge();
    assertThat(Files.readAllBytes(weights())).isEqualTo(before);
    nothingChanged();
  }

  @Test
  void aFolderThatCannotBeWrittenIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "in the way");
    assertThatThrownBy(() -> model.save(file))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(file.toString());
    assertThat(file).hasContent("in the way");
    assertThatThrownBy(() -> model.save(file.resolve("below")))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(file.toString());
  }

  private void nothingChanged() {
    Nets.values(model.namedParameters(), n -> true)
        .forEach((name, v) -> assertThat(v).as(name).isEqualTo(parameters.get(name)));
    assertThat(base.forward(X).toFloats()).isEqualTo(present);
  }

  /** The same folder on a model without adapters: nothing is attached, nothing frozen. */
  private void newModelStaysAsItWas(Class<? extends Exception> error) {
    Nets.Mlp other = Nets.mlp(1);
    float[] before = other.forward(X).toFloats();
    assertThatThrownBy(() -> PeftModel.load(other, folder)).isInstanceOf(error);
    assertThat(other.forward(X).toFloats()).isEqualTo(before);
    assertThat(other.trainableParameters()).hasSameSizeAs(other.parameters());
    assertThat(other.namedParameters().stream().map(NamedParameter::name))
        .containsExactlyElementsOf(Nets.mlp(1).stateDict().keySet());
  }

  private Path weights() {
    return folder.resolve("adapter_model.safetensors");
  }

  private Path settings() {
    return folder.resolve("adapter_config.json");
  }

  private Map<String, StoredTensor> read() throws IOException {
    SafeTensors file = SafeTensors.open(weights());
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (String name : file.names()) {
      StoredTensor t = file.tensor(name);
      tensors.put(name, new StoredTensor(t.shape(), t.storage().copy()));
    }
    return tensors;
  }

  private void edit(Consumer<ObjectNode> change) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode tree = (ObjectNode) mapper.readTree(settings().toFile());
    change.accept(tree);
    Files.writeString(settings(), mapper.writeValueAsString(tree));
  }

  private static JsonNode json(String text) {
    try {
      return new ObjectMapper().readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
