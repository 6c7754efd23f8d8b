package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.DType;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.StateDictException;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for the decoders of every family, against transformers' and peft's numbers. */
class DecoderContractTest {
  /** Cases whose keys depend on how long the text was when they were read. */
  private static final Set<String> GROWING = Set.of("llama-dynamic", "phi3");

  @TempDir Path temp;

  static List<String> cases() {
    return TinyDecoder.NAMES;
  }

  /** Compares numbers, relative to the largest. */
  static void close(Tensor found, float[] expected) {
    close(found.toFloats(), expected);
  }

  private static void close(float[] found, float[] expected) {
    assertThat(found).hasSameSizeAs(expected);
    double largest = 1e-30;
    for (float v : expected) {
      largest = Math.max(largest, Math.abs(v));
    }
    for (int i = 0; i < found.length; i++) {
      assertThat((double) found[i]).isCloseTo(expected[i], offset(1e-5 * largest));
    }
  }

  private static org.assertj.core.data.Offset<Double> offset(double value) {
    return org.assertj.core.data.Offset.offset(value);
  }

  @Test
  void everyFamilyHasACase() throws IOException {
    Set<String> tested = new TreeSet<>();
    for (String name : cases()) {
      tested.add(TinyDecoder.of(name).modelType());
    }
    assertThat(
            ModelFamily.all().stream()
                .filter(DecoderFamily.class::isInstance)
                .map(ModelFamily::modelType))
        .containsExactlyInAnyOrderElementsOf(tested);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void equalsTransformers(String name) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    CausalLm model = tiny.load(temp);
    assertThat(model.training()).isFalse();
    assertThat(model.modelType()).isEqualTo(tiny.modelType());
    close(model.forward(tiny.input()), tiny.floats("logits"));
    close(model.hidden(tiny.input()), tiny.floats("last_hidden"));
    assertThat(model.hiddenStates(tiny.input())).hasSize(model.config().layers() + 1);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void oldSpelling(String name) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    if (tiny.file.path("hub_config").isNull()) {
      return;
    }
    Logged loaded =
        Logged.of(
            () ->
                Transformers.causalLm(
                    TinyDecoder.folder(temp, tiny.file.path("hub_config"), tiny.weights())));
    assertThat(loaded.text()).isEmpty();
    close(((CausalLm) loaded.result()).forward(tiny.input()), tiny.floats("logits"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void paddingOnTheLeftChangesNoToken(String name) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    CausalLm model = tiny.load(temp);
    int tokens = tiny.ids().dim(1);
    int pad = 3;
    Tensor row = tiny.ids().slice(0, 1, 2).slice(1, 0, tokens - pad);
    float[] alone = model.forward(row).toFloats();
    long[] ids = new long[tokens];
    long[] mask = new long[tokens];
    long[] positions = new long[tokens];
    long[] own = row.toLongs();
    for (int i = pad; i < tokens; i++) {
      ids[i] = own[i - pad];
      mask[i] = 1;
      positions[i] = i - pad;
    }
    DecoderInput left =
        DecoderInput.of(Tensor.of(ids, 1, tokens))
            .withMask(Tensor.of(mask, 1, tokens))
            .withPositions(Tensor.of(positions, 1, tokens));
    Tensor shifted = model.forward(left).slice(1, pad, tokens);
    if (!GROWING.contains(name)) {
      close(shifted, alone);
    }
    assertThat(shifted.toFloats()).doesNotContain(Float.NaN);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void packedTextsDoNotSeeEachOther(String name) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    CausalLm model = tiny.load(temp);
    Tensor first = tiny.ids().slice(0, 0, 1).slice(1, 0, 5);
    Tensor second = tiny.ids().slice(0, 1, 2).slice(1, 0, 4);
    Tensor both =
        model.forward(
            DecoderInput.of(Tensor.concat(1, first, second))
                .withPositions(Tensor.of(new long[] {0, 1, 2, 3, 4, 0, 1, 2, 3}, 1, 9)));
    close(both.slice(1, 0, 5), model.forward(first).toFloats());
    close(both.slice(1, 5, 9), model.forward(second).toFloats());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void tokenByTokenIsTheWhole(String name) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    CausalLm model = tiny.load(temp);
    Tensor ids = tiny.ids().slice(0, 0, 1);
    int tokens = GROWING.contains(name) ? 8 : ids.dim(1); // none is beyond the first training
    float[] whole = model.forward(ids.slice(1, 0, tokens)).toFloats();
    int vocabulary = model.config().vocabSize();
    KeyValueCache cache = new KeyValueCache(1, 48);
    for (int at = 0; at < tokens; at++) {
      Tensor one = ids.slice(1, at, at + 1);
      cache.begin(1);
      Storage[] y = cache.compute(at, () -> new Tensor[] {model.logits(model.hidden(one, cache))});
      cache.advance();
      float[] expected =
          java.util.Arrays.copyOfRange(whole, at * vocabulary, (at + 1) * vocabulary);
      close(y[0].toFloats(), expected);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void namesArePefts(String name) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    CausalLm model = tiny.load(temp);
    assertThat(model.stateDict().keySet()).containsExactlyElementsOf(tiny.weights().keySet());
    LoraConfig config =
        LoraConfig.builder()
            .allLinear()
            .r(2)
            .alpha(4)
            .fanInFanOut(tiny.modelType().equals("gpt2"))
            .build();
    AdaptedModel<CausalLm> adapted = PeftModel.of(model, config);
    assertThat(adapted.namedParameters().stream().map(NamedParameter::name))
        .containsExactlyElementsOf(tiny.texts("parameters"));
    Set<String> layers =
        adapted.namedParameters().stream()
            .map(NamedParameter::name)
            .filter(n -> n.contains(".lora_A."))
            .map(n -> n.replace("base_model.model.", "").replaceAll("\\.lora_A\\..*", ""))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(layers).containsExactlyElementsOf(tiny.texts("all_linear"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void trainedSavedLoadedAndMerged(String name) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    CausalLm model = tiny.load(temp.resolve("model"));
    boolean transposed = tiny.modelType().equals("gpt2");
    LoraConfig config =
        LoraConfig.builder().allLinear().r(2).alpha(4).fanInFanOut(transposed).build();
    AdaptedModel<CausalLm> adapted = PeftModel.of(model, config);
    model.train();
    var optimizer = dev.peft4j.optim.AdamW.builder().lr(0.02f).build(adapted.trainableParameters());
    float first = 0;
    float last = 0;
    for (int i = 0; i < 4; i++) {
      Tensor logits = model.forward(tiny.input());
      Tensor loss = logits.slice(1, 0, 5).reshape(10, -1).crossEntropy(labels(tiny, 5));
      loss.backward();
      for (NamedParameter p : model.namedParameters()) {
        assertThat(p.parameter().grad()).as(p.name()).isNull();
      }
      last = loss.item();
      first = i == 0 ? last : first;
      optimizer.step();
    }
    assertThat(last).isLessThan(first);
    model.eval();
    float[] trained = model.forward(tiny.input()).toFloats();
    adapted.save(temp.resolve("adapter"));
    CausalLm other = tiny.load(temp.resolve("again"));
    PeftModel.load(other, temp.resolve("adapter"));
    assertThat(other.forward(tiny.input()).toFloats()).isEqualTo(trained);
    adapted.mergeAndUnload();
    close(model.forward(tiny.input()), trained);
  }

  private static Tensor labels(TinyDecoder tiny, int tokens) {
    return tiny.ids().slice(1, 1, tokens + 1).reshape(2 * tokens);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void shardsAndNamesWithoutPrefix(String name) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    CausalLm sharded = Transformers.causalLm(tiny.sharded(temp.resolve("sharded")));
    close(sharded.forward(tiny.input()), tiny.floats("logits"));
    String prefix = ModelFamily.of(tiny.modelType()).prefix() + ".";
    SequencedMap<String, StoredTensor> bare = new LinkedHashMap<>();
    tiny.weights()
        .forEach((n, t) -> bare.put(n.startsWith(prefix) ? n.substring(prefix.length()) : n, t));
    Path folder = TinyDecoder.folder(temp.resolve("bare"), tiny.config(), bare);
    close(Transformers.causalLm(folder).forward(tiny.input()), tiny.floats("logits"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void halfPrecisionStaysAsItLies(String name) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    Path folder = TinyDecoder.folder(temp, tiny.config(), tiny.weightsIn(Encodings.BFLOAT16));
    CausalLm model = Transformers.causalLm(folder);
    model
        .namedParameters()
        .forEach(
            p -> {
              assertThat(p.parameter().own().encoding()).isEqualTo(Encodings.BFLOAT16);
              assertThat(p.parameter().own().isReadOnly()).as(p.name()).isTrue(); // the file's
              assertThat(p.parameter().trainable()).isFalse();
            });
    CausalLm whole = Transformers.causalLm(folder, Encodings.FLOAT32);
    close(model.forward(tiny.input()), whole.forward(tiny.input()).toFloats());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void everyWeightThatDoesNotFitIsListed(String name) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    SequencedMap<String, StoredTensor> weights = tiny.weights();
    List<String> names = List.copyOf(weights.keySet());
    String missing = names.get(2);
    String wrong = names.get(4);
    weights.remove(missing);
    weights.put(wrong, new StoredTensor(Shape.of(3, 5), Storage.zeros(DType.FLOAT32, 15)));
    Path folder = TinyDecoder.folder(temp, tiny.config(), weights);
    assertThatThrownBy(() -> Transformers.causalLm(folder))
        .isInstanceOf(StateDictException.class)
        .hasMessageContaining(missing)
        .hasMessageContaining(wrong)
        .hasMessageContaining("(3, 5)");
  }

  @ParameterizedTest
  @MethodSource("cases")
  void classifiers(String name) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    ObjectNode config = tiny.config();
    ObjectNode labels = config.putObject("id2label");
    labels.put("0", "a").put("1", "b").put("2", "c");
    if (tiny.file.has("sequence")) {
      Path folder = TinyDecoder.folder(temp.resolve("sequence"), config, tiny.weights("sequence"));
      SequenceClassifier model = Transformers.sequenceClassifier(folder);
      close(model.forward(tiny.ids(), tiny.mask()), tiny.floats("sequence", "logits"));
      assertThat(model.stateDict().keySet())
          .containsExactlyElementsOf(tiny.weights("sequence").keySet());
      assertThat(model.config().labels()).containsExactly("a", "b", "c");
    }
    if (tiny.file.has("token")) {
      Path folder = TinyDecoder.folder(temp.resolve("token"), config, tiny.weights("token"));
      TokenClassifier model = Transformers.tokenClassifier(folder);
      close(model.forward(tiny.ids(), tiny.mask()), tiny.floats("token", "logits"));
    }
  }

  /** A causal language model's checkpoint gets a new classifier, without a warning. */
  @ParameterizedTest
  @MethodSource("cases")
  void newClassifierAndEncoder(String name) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    Path folder = tiny.folder(temp);
    Logged made = Logged.of(() -> Transformers.sequenceClassifier(folder, 3));
    assertThat(made.text()).isEmpty();
    SequenceClassifier model = (SequenceClassifier) made.result();
    assertThat(model.forward(tiny.ids(), tiny.mask()).shape()).isEqualTo(Shape.of(2, 3));
    assertThat(
            Transformers.tokenClassifier(folder, List.of("a", "b", "c"))
                .forward(tiny.ids(), null)
                .shape())
        .isEqualTo(Shape.of(2, tiny.ids().dim(1), 3));
    Tensor hidden = Transformers.encoder(folder).forward(tiny.ids(), tiny.mask());
    close(hidden, tiny.floats("last_hidden"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void settingsThatTheFamilyDoesNotKnow(String name) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name);
    ObjectNode config =
        tiny.config().put("brand_new_trick", 3).put("other_trick", true).put("off_trick", false);
    Path folder = TinyDecoder.folder(temp, config, tiny.weights());
    Logged loaded = Logged.of(() -> Transformers.causalLm(folder));
    assertThat(loaded.text().lines())
        .singleElement()
        .asString()
        .contains(folder.resolve("config.json").toString(), "(2): brand_new_trick, other_trick");
  }

  @Test
  void anExistingModelIsFilled() throws IOException {
    TinyDecoder tiny = TinyDecoder.of("llama");
    Path folder = tiny.folder(temp);
    class MyLlama extends LlamaForCausalLM {
      MyLlama(DecoderConfig config) {
        super(config);
      }
    }
    MyLlama model = Transformers.load(folder, new MyLlama(Transformers.decoderConfig(folder)));
    close(model.forward(tiny.input()), tiny.floats("logits"));
  }

  @Test
  void newModelIsInitialised() {
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(20)
            .hiddenSize(16)
            .intermediateSize(24)
            .layers(2)
            .heads(4)
            .maxPositions(32)
            .build();
    LlamaForCausalLM model = new LlamaForCausalLM(config);
    Tensor ids = Tensor.of(new long[] {3, 4, 5, 4}, 1, 4);
    float[] logits = model.forward(ids).toFloats();
    assertThat(logits).hasSize(80).doesNotContain(0, Float.NaN);
    // positions count: the same token twice is not the same
    assertThat(java.util.Arrays.copyOfRange(logits, 20, 40))
        .isNotEqualTo(java.util.Arrays.copyOfRange(logits, 60, 80));
    Map<String, ?> state = model.stateDict();
    assertThat(state).containsKey("model.layers.1.self_attn.q_proj.weight").hasSize(21);
  }
}
