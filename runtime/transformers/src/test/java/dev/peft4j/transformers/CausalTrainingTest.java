package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Engine;
import dev.peft4j.backend.MemoryPlan;
import dev.peft4j.data.Rng;
import dev.peft4j.graph.ActivationCheckpointing;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Program;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Evaluator;
import dev.peft4j.train.Every;
import dev.peft4j.train.StopReason;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Training a causal language model with {@link Trainer}. */
class CausalTrainingTest {
  private static final int VOCABULARY = 31;

  private static CausalLm model(int layers) {
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(VOCABULARY)
            .hiddenSize(16)
            .layers(layers)
            .heads(4)
            .kvHeads(2)
            .headDim(4)
            .intermediateSize(40)
            .maxPositions(512)
            .initializerRange(0.2)
            .tied(true)
            .build();
    return Rng.with(new Rng(6), () -> new LlamaForCausalLM(config));
  }

  private static AdaptedModel<CausalLm> adapted(CausalLm model, float dropout) {
    LoraConfig config = LoraConfig.builder().allLinear().r(2).alpha(4).dropout(dropout).build();
    return Rng.with(new Rng(8), () -> PeftModel.of(model, config));
  }

  /** Rows of 3 to 12 tokens. */
  private static List<TokenRow> rows(int n) {
    Rng rng = new Rng(5);
    return IntStream.range(0, n)
        .mapToObj(
            i -> {
              int[] ids = new int[3 + (int) (rng.nextDouble() * 10)];
              for (int k = 0; k < ids.length; k++) {
                ids[k] = (int) (rng.nextDouble() * VOCABULARY);
              }
              return TokenRow.of(ids);
            })
        .toList();
  }

  private static List<float[]> values(AdaptedModel<CausalLm> adapted) {
    return adapted.namedParameters().stream()
        .map(NamedParameter::parameter)
        .filter(Parameter::trainable)
        .map(p -> p.own().toFloats())
        .toList();
  }

  /** A run with everything that is random: order, dropout, noise. */
  private static Trainer<CausalBatch> trainer(AdaptedModel<CausalLm> adapted, CausalLm model) {
    NextTokenLoss loss = new NextTokenLoss(0, false, 5);
    AdamW optimizer = AdamW.builder().lr(1e-2f).build(adapted.trainableParameters());
    return Trainer.of(
            adapted,
            optimizer,
            Batches.shuffled(rows(20), 3, 7, CausalBatch::of),
            b -> loss.of(model, b))
        .settings(
            TrainingSettings.builder()
                .epochs(2)
                .accumulation(2)
                .clipNorm(1)
                .checkpoint(Every.steps(1))
                .build());
  }

  @Test
  void aRunThatWasStoppedGoesOnBitForBit(@TempDir Path folder) {
    CausalLm model = model(2);
    AdaptedModel<CausalLm> whole = adapted(model, 0.1f);
    trainer(whole, model).checkpoints(folder.resolve("whole")).run();

    CausalLm second = model(2);
    AdaptedModel<CausalLm> stopped = adapted(second, 0.1f);
    Trainer<CausalBatch> first = trainer(stopped, second).checkpoints(folder.resolve("parts"));
    first.listener(
        e -> {
          if (e instanceof TrainingEvent.Step s && s.state().step() == 3) {
            first.stop();
          }
        });
    assertThat(first.run().reason()).isEqualTo(StopReason.STOPPED);

    CausalLm third = model(2); // as another process would make it
    AdaptedModel<CausalLm> resumed = adapted(third, 0.1f);
    trainer(resumed, third).checkpoints(folder.resolve("parts")).resume();
    List<float[]> expected = values(whole);
    List<float[]> actual = values(resumed);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(actual.get(i)).isEqualTo(expected.get(i));
    }
  }

  /** Batches of unequal numbers of tokens make the step of one batch of all rows. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 7})
  void accumulationIsOneLargeBatch(int size) {
    List<TokenRow> rows = rows(7);
    CausalLm large = model(1);
    AdaptedModel<CausalLm> one = step(large, rows, 7);
    CausalLm small = model(1);
    AdaptedModel<CausalLm> several = step(small, rows, size);
    List<float[]> expected = values(one);
    List<float[]> actual = values(several);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(actual.get(i)).containsExactly(expected.get(i), within(1e-5f));
    }
  }

  private static AdaptedModel<CausalLm> step(CausalLm model, List<TokenRow> rows, int size) {
    AdaptedModel<CausalLm> adapted = adapted(model, 0);
    // a large eps: Adam would make noise of gradients that are 0 up to rounding
    AdamW optimizer = AdamW.builder().lr(0.1f).eps(1e-2).build(adapted.trainableParameters());
    Batches<CausalBatch> batches = Batches.inOrder(rows, size, CausalBatch::of);
    Trainer.of(adapted, optimizer, batches, model::loss)
        .settings(TrainingSettings.builder().steps(1).accumulation(batches.count()).build())
        .run();
    return adapted;
  }

  @Test
  void perplexityDoesNotDependOnTheBatch() {
    CausalLm model = model(1);
    List<TokenRow> rows = rows(9);
    double total = 0;
    double tokens = 0;
    for (TokenRow r : rows) {
      total += (double) model.loss(CausalBatch.of(List.of(r))).item() * r.counted();
      tokens += r.counted();
    }
    for (int size : new int[] {1, 2, 4, 9}) {
      var values =
          Evaluator.perplexity(Batches.inOrder(rows, size, CausalBatch::of), model::loss)
              .evaluate();
      assertThat(values.get("perplexity")).isEqualTo(Math.exp(total / tokens), within(1e-4));
      assertThat(values.get("loss")).isEqualTo(total / tokens, within(1e-5));
    }
  }

  private static long planned(int layers, int tokens, ActivationCheckpointing mode) {
    CausalLm model = model(layers);
    AdaptedModel<CausalLm> adapted = adapted(model, 0);
    model.train();
    model.activationCheckpointing(mode);
    int[] ids = new int[tokens];
    var loss = model.loss(CausalBatch.of(List.of(TokenRow.of(ids))));
    loss.backward();
    List<Node> nodes = new ArrayList<>(List.of(loss.node()));
    adapted
        .trainableParameters()
        .forEach(p -> nodes.add(java.util.Objects.requireNonNull(p.variable().gradient())));
    Program program = Engine.program(Backends.named("cpu"), nodes);
    return MemoryPlan.of(program, new boolean[program.values()]).bytes();
  }

  /** Sixteen times the layers: less than four times the memory, beside the gradients. */
  @Test
  void checkpointingGrowsWithTheSquareRootOfDepth() {
    long few = planned(4, 256, ActivationCheckpointing.ON);
    long many = planned(64, 256, ActivationCheckpointing.ON);
    assertThat((double) many / few).isLessThan(4.2);
    assertThat(many).isLessThan(planned(64, 256, ActivationCheckpointing.OFF) / 5);
  }

  @Test
  void memoryGrowsWithTokens() {
    long few = planned(4, 128, ActivationCheckpointing.ON);
    assertThat((double) planned(4, 512, ActivationCheckpointing.ON) / few).isLessThan(4.1);
  }
}
