package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Rng;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.GenerationListener;
import dev.peft4j.generate.GenerationRequest;
import dev.peft4j.generate.Generator;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Every;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.CallInputs;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every tuner of the whole model, on a small decoder. */
@ParameterizedClass(name = "{0}")
@MethodSource("cases")
class ModelTunerContractTest {
  private static final int VOCABULARY = 29;
  private static final String IDS = "task_ids";

  /** Two LoRA adapters, and no dropout, which would make losses random. */
  private static final String EXPERTS = experts();

  private static String experts() {
    try {
      Path folder = Files.createTempDirectory("peft4j-experts");
      StringBuilder all = new StringBuilder("{'xlora_dropout_p': 0, 'adapters': {");
      for (int i = 0; i < 2; i++) {
        CausalLm model = model();
        LoraConfig config =
            LoraConfig.builder().targets("q_proj", "v_proj").r(2).alpha(4 + i).build();
        AdaptedModel<CausalLm> adapted = PeftModel.of(model, config);
        disturb(adapted);
        Path expert = folder.resolve("expert-" + i);
        adapted.save(expert);
        all.append(i == 0 ? "" : ", ").append("'" + i + "': '" + expert + "'");
      }
      return all + "}";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A tuner with settings of its own. */
  record Case(Tuner<?> tuner, String settings) {
    @Override
    public String toString() {
      return tuner.peftType() + " " + settings;
    }
  }

  /** The settings that are tested; a tuner without a line here fails. */
  private static List<String> variants(String peftType) {
    return switch (peftType) {
      case "PROMPT_TUNING" ->
          List.of(
              "{'num_virtual_tokens': 3}",
              "{'num_virtual_tokens': 4, 'prompt_tuning_init': 'SAMPLE_VOCAB'}");
      case "PREFIX_TUNING" ->
          List.of(
              "{'num_virtual_tokens': 3}",
              "{'num_virtual_tokens': 3, 'prefix_projection': true, 'encoder_hidden_size': 6}");
      case "P_TUNING" ->
          List.of(
              "{'num_virtual_tokens': 3, 'encoder_hidden_size': 6}",
              "{'num_virtual_tokens': 3, 'encoder_reparameterization_type': 'LSTM',"
                  + " 'encoder_hidden_size': 4}");
      case "MULTITASK_PROMPT_TUNING" ->
          List.of("{'num_virtual_tokens': 3, 'num_tasks': 2, 'num_ranks': 2}");
      case "CARTRIDGE" -> List.of("{'num_virtual_tokens': 3, 'num_frozen_tokens': 1}");
      case "SHADOW" ->
          List.of(
              "{'r': 3, 'shadow_dropout': 0.0}",
              "{'r': 3, 'shadow_hidden_size': 8, 'shadow_intermediate_size': 10,"
                  + " 'shadow_dropout': 0.0, 'auxiliary_loss_weight': 0.3}");
      case "ADAPTION_PROMPT" -> List.of("{'adapter_len': 3, 'adapter_layers': 2}");
      case "XLORA" ->
          List.of(
              EXPERTS + "}",
              EXPERTS
                  + ", 'xlora_depth': 2, 'xlora_size': 5, 'layerwise_scalings': true,"
                  + " 'softmax_temperature': 0.5, 'global_scaling_weight': 1.5}");
      case "CPT" ->
          List.of(
              "{'cpt_token_ids': [4, 5, 6, 7, 8, 9], 'cpt_tokens_type_mask': [1, 2, 3, 4, 6, 8],"
                  + " 'opt_weighted_loss_type': 'decay', 'opt_loss_decay_factor': 0.5,"
                  + " 'opt_projection_epsilon': 50.0, 'opt_projection_format_epsilon': 50.0,"
                  + " 'num_virtual_tokens': 6}");
      default -> throw new AssertionError("write a contract case for " + peftType);
    };
  }

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (Tuner<?> tuner : Tuner.all()) {
      if (tuner.fillsSlots()) {
        variants(tuner.peftType()).forEach(v -> cases.add(new Case(tuner, v.replace('\'', '"'))));
      }
    }
    return cases;
  }

  private static CausalLm model() {
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(VOCABULARY)
            .hiddenSize(16)
            .layers(2)
            .heads(4)
            .kvHeads(2)
            .headDim(4)
            .intermediateSize(24)
            .maxPositions(64)
            .initializerRange(0.4)
            .tied(false)
            .build();
    return Rng.with(new Rng(4), () -> new LlamaForCausalLM(config));
  }

  private static PeftConfig config(Case c) {
    try {
      ObjectNode tree = (ObjectNode) new ObjectMapper().readTree(c.settings);
      tree.put("peft_type", c.tuner.peftType()).put("inference_mode", false);
      tree.put("task_type", "CAUSAL_LM");
      return c.tuner.read(AdapterConfig.of(tree));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private final Case tested;
  private final PeftConfig config;
  private final CausalLm base = model();
  private final AdaptedModel<CausalLm> model;
  private final CausalBatch batch;
  private @TempDir Path folder;

  ModelTunerContractTest(Case tested) {
    this.tested = tested;
    this.config = config(tested);
    this.model = Rng.with(2, () -> PeftModel.of(base, config));
    int[] ids = new int[2 * 7];
    Arrays.setAll(ids, i -> (5 * i + 2) % VOCABULARY);
    Tensor tokens = Tensor.of(ids, 2, 7);
    Tensor mask = Tensor.of(new long[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0}, 2, 7);
    int[] labels = ids.clone();
    labels[12] = TokenRow.IGNORED;
    labels[13] = TokenRow.IGNORED;
    this.batch = new CausalBatch(DecoderInput.of(tokens).withMask(mask), Tensor.of(labels, 2, 7));
  }

  /** Runs something with the inputs that some adapters need besides tokens. */
  private <T> T given(int rows, Supplier<T> body) {
    long[] tasks = new long[rows];
    Arrays.setAll(tasks, i -> i % 2);
    return CallInputs.with(IDS, Tensor.of(tasks), body);
  }

  private Tensor loss(AdaptedModel<CausalLm> adapted) {
    Tensor loss = given(2, () -> adapted.model().loss(batch));
    Tensor added = adapted.addedLoss();
    return added == null ? loss : loss.add(added);
  }

  private float[] logits(CausalLm m) {
    return given(2, () -> m.forward(batch.input()).toFloats());
  }

  /** Changes all that is trained, so that nothing is at a start that hides it. */
  private static void disturb(AdaptedModel<CausalLm> adapted) {
    Rng rng = new Rng(9);
    for (Parameter p : adapted.trainableParameters()) {
      float[] v = p.own().toFloats();
      float[] d = rng.normal(v.length, 0, 0.2f);
      for (int i = 0; i < v.length; i++) {
        v[i] += d[i];
      }
      p.set(v);
    }
  }

  private static Map<String, float[]> values(PeftModel adapted) {
    Map<String, float[]> values = new LinkedHashMap<>();
    adapted.namedParameters().forEach(p -> values.put(p.name(), p.parameter().own().toFloats()));
    return values;
  }

  @Test
  void theBaseIsWhatItWasWithoutTheAdapter() {
    float[] plain = model().forward(batch.input()).toFloats();
    disturb(model);
    base.eval();
    assertThat(logits(base)).isNotEqualTo(plain);
    assertThat(model.withoutAdapter(() -> base.forward(batch.input()).toFloats())).isEqualTo(plain);
    assertThat(model.withoutAdapter(() -> base.virtualTokens())).isZero();
  }

  @Test
  void theBaseHasNoGradients() {
    disturb(model);
    loss(model).backward();
    assertThat(base.parameters()).allSatisfy(p -> assertThat(p.grad()).isNull());
    assertThat(model.trainableParameters()).isNotEmpty();
  }

  @Test
  void trainingMovesEveryParameterAndNothingElse() {
    Map<String, float[]> before = values(model);
    model.train();
    float first = loss(model).item();
    AdamW optimizer = AdamW.of(model.trainableParameters(), 1e-2f);
    for (int i = 0; i < 3; i++) {
      loss(model).backward();
      model.step(optimizer);
    }
    assertThat(loss(model).item()).isLessThan(first);
    for (NamedParameter p : model.namedParameters()) {
      float[] now = p.parameter().own().toFloats();
      if (p.parameter().trainable() && isUsed(p.name())) {
        assertThat(now).as(p.name()).isNotEqualTo(before.get(p.name()));
      } else if (!p.parameter().trainable()) {
        assertThat(now).as(p.name()).isEqualTo(before.get(p.name()));
      }
    }
  }

  /** The update behind the last block of a shadow leads nowhere, in peft, too. */
  private static boolean isUsed(String parameter) {
    return !parameter.contains("layers.1.shadow_update");
  }

  @Test
  void gradientsAreThoseOfFiniteDifferences() {
    disturb(model);
    loss(model).backward();
    Rng rng = new Rng(3);
    for (NamedParameter named : model.namedParameters()) {
      Parameter p = named.parameter();
      Tensor grad = p.grad();
      if (!p.trainable() || grad == null) {
        continue;
      }
      float[] gradient = grad.toFloats();
      float[] values = p.own().toFloats();
      for (int k = 0; k < 6; k++) {
        int i = (int) (rng.nextDouble() * values.length);
        float h = 5e-3f;
        double up = lossWith(p, values, i, h);
        double down = lossWith(p, values, i, -h);
        assertThat((double) gradient[i])
            .as("%s[%d]", named.name(), i)
            .isCloseTo((up - down) / (2 * h), within(1e-3 + 0.02 * Math.abs(gradient[i])));
      }
    }
  }

  private double lossWith(Parameter p, float[] values, int i, float change) {
    float[] changed = values.clone();
    changed[i] += change;
    p.set(changed);
    double loss = loss(model).item();
    p.set(values);
    return loss;
  }

  @Test
  void aCacheChangesNothing() {
    disturb(model);
    base.eval();
    int[] text = {3, 1, 4, 1, 5, 9, 2, 6};
    float[] whole = given(1, () -> base.forward(Tensor.of(text, 1, 8)).slice(1, 7, 8).toFloats());
    KeyValueCache cache = new KeyValueCache(1, 16);
    float[] steps =
        given(
            1,
            () -> {
              base.prime(cache);
              float[] last = {};
              for (int at = 0; at < 8; at += at == 0 ? 5 : 1) {
                int n = at == 0 ? 5 : 1;
                Tensor ids = Tensor.of(Arrays.copyOfRange(text, at, at + n), 1, n);
                cache.begin(n);
                var result =
                    cache.compute(
                        "at " + at, () -> new Tensor[] {base.logits(base.hidden(ids, cache))});
                float[] all = result[0].toFloats();
                last = Arrays.copyOfRange(all, all.length - VOCABULARY, all.length);
                cache.advance();
              }
              return last;
            });
    for (int i = 0; i < VOCABULARY; i++) {
      assertThat((double) steps[i])
          .isCloseTo(whole[i], within(2e-5 * Math.max(1, Math.abs(whole[i]))));
    }
    assertThat(cache.length(0)).isEqualTo(8);
    assertThat(cache.virtual()).isEqualTo(base.virtualTokens());
  }

  @Test
  void generationTakesTheMostProbableTokens() {
    disturb(model);
    base.eval();
    int[] prompt = {3, 1, 4, 1, 5};
    int[] all = prompt;
    for (int i = 0; i < 9; i++) {
      int[] now = all;
      int[] best = given(1, () -> base.forward(Tensor.of(now, 1, now.length)).argmax());
      all = Arrays.copyOf(all, all.length + 1);
      all[all.length - 1] = best[all.length - 2];
    }
    GenerationConfig nine = GenerationConfig.builder().maxNewTokens(9).build();
    List<GenerationRequest> requests =
        List.of(
            new GenerationRequest(prompt, nine, null), new GenerationRequest(prompt, nine, null));
    Generator g = Generator.of(base);
    int[] alone =
        given(1, () -> g.run(requests.subList(0, 1), GenerationListener.NONE))
            .rows()
            .getFirst()
            .tokens();
    assertThat(alone).containsExactly(Arrays.copyOfRange(all, 5, 14));
    int[] first =
        given(2, () -> g.run(requests, GenerationListener.NONE)).rows().getFirst().tokens();
    assertThat(first).containsExactly(alone);
  }

  @Test
  void severalAdaptersActByCallAndThread() throws Exception {
    disturb(model);
    base.eval();
    float[] one = logits(base);
    Rng.with(
        5,
        () -> {
          model.adapters().addMatching("other", config);
          return 0;
        });
    assertThat(logits(base)).isEqualTo(one);
    float[] other = model.withAdapter("other", () -> logits(base));
    assertThat(other).isNotEqualTo(one);
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Future<float[]> a = threads.submit(() -> model.withAdapter("other", () -> logits(base)));
      Future<float[]> b = threads.submit(() -> model.withAdapter("default", () -> logits(base)));
      assertThat(a.get()).isEqualTo(other);
      assertThat(b.get()).isEqualTo(one);
    }
    assertThatThrownBy(
            () -> model.adapters().perSample(List.of("default", "other"), () -> logits(base)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("changes the whole model");
  }

  @Test
  void filesKeepEverything() {
    disturb(model);
    base.eval();
    float[] expected = logits(base);
    model.save(folder);
    CausalLm other = model();
    PeftModel loaded = PeftModel.load(other, folder);
    other.eval();
    float[] found = logits(other);
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) found[i]).isCloseTo(expected[i], within(1e-5));
    }
    loaded.save(folder.resolve("again"));
    CausalLm third = model();
    PeftModel.load(third, folder.resolve("again"));
    third.eval();
    assertThat(logits(third)).isEqualTo(found);
  }

  @Test
  void itCannotBeMerged() {
    assertThatThrownBy(model::merge)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("cannot be merged");
  }

  @Test
  void anotherModelThanItsOwnIsRefused() {
    dev.peft4j.nn.Linear plain = new dev.peft4j.nn.Linear(4, 4);
    assertThatThrownBy(() -> PeftModel.of(plain, config))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(tested.tuner.peftType())
        .hasMessageContaining("slots");
    assertThat(plain.parameters()).allSatisfy(p -> assertThat(p.trainable()).isTrue());
  }

  private static List<TokenRow> rows() {
    Rng rng = new Rng(5);
    return IntStream.range(0, 12)
        .mapToObj(
            i -> {
              int[] ids = new int[3 + (int) (rng.nextDouble() * 8)];
              Arrays.setAll(ids, k -> (int) (rng.nextDouble() * VOCABULARY));
              return TokenRow.of(ids);
            })
        .toList();
  }

  private Trainer<CausalBatch> trainer(AdaptedModel<CausalLm> adapted) {
    AdamW optimizer = AdamW.builder().lr(1e-2f).build(adapted.trainableParameters());
    return Trainer.of(
            adapted,
            optimizer,
            Batches.shuffled(rows(), 3, 7, CausalBatch::of),
            b -> given(b.labels().dim(0), () -> adapted.model().loss(b)))
        .settings(TrainingSettings.builder().epochs(2).checkpoint(Every.steps(1)).build());
  }

  private AdaptedModel<CausalLm> again() {
    return Rng.with(2, () -> PeftModel.of(model(), config));
  }

  @Test
  void aRunThatWasStoppedGoesOnBitForBit() {
    AdaptedModel<CausalLm> whole = again();
    trainer(whole).checkpoints(folder.resolve("whole")).run();
    AdaptedModel<CausalLm> stopped = again();
    Trainer<CausalBatch> first = trainer(stopped).checkpoints(folder.resolve("parts"));
    first.listener(
        e -> {
          if (e instanceof TrainingEvent.Step s && s.state().step() == 3) {
            first.stop();
          }
        });
    first.run();
    AdaptedModel<CausalLm> resumed = again();
    trainer(resumed).checkpoints(folder.resolve("parts")).resume();
    Map<String, float[]> expected = values(whole);
    values(resumed).forEach((name, v) -> assertThat(v).as(name).isEqualTo(expected.get(name)));
  }
}
