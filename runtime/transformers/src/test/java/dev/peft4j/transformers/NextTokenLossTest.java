package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Engine;
import dev.peft4j.data.BFloat16;
import dev.peft4j.data.Rng;
import dev.peft4j.graph.ActivationCheckpointing;
import dev.peft4j.graph.Node;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NextTokenLossTest {
  private static final List<TokenRow> ROWS =
      List.of(
          TokenRow.of(1, 5, 9, 3, 7),
          new TokenRow(
              new int[] {2, 4, 6, 8, 10, 12, 14}, new int[] {2, -100, -100, 8, 10, -100, 3}),
          TokenRow.of(11, 13));

  private static DecoderConfig config(int layers) {
    return DecoderConfig.builder()
        .vocabSize(23)
        .hiddenSize(16)
        .layers(layers)
        .heads(4)
        .kvHeads(2)
        .headDim(4)
        .intermediateSize(24)
        .maxPositions(64)
        .initializerRange(0.3)
        .tied(false)
        .build();
  }

  private static CausalLm model(int layers) {
    return Rng.with(new Rng(4), () -> new LlamaForCausalLM(config(layers)));
  }

  /** An adapter whose B is not zero, so that every part has a gradient. */
  private static AdaptedModel<CausalLm> adapted(CausalLm model, LoraConfig.Builder lora) {
    AdaptedModel<CausalLm> adapted = PeftModel.of(model, lora.r(2).alpha(4).build());
    Rng rng = new Rng(9);
    for (NamedParameter p : adapted.namedParameters()) {
      if (p.parameter().trainable() && p.name().contains("lora_B")) {
        int n = p.parameter().shape().size();
        p.parameter().set(Tensor.of(rng.normal(n, 0, 0.2f)).storage());
      }
    }
    return adapted;
  }

  private static Tensor ofLogits(CausalLm model, CausalBatch batch) {
    Tensor logits = model.forward(batch.input());
    int tokens = logits.dim(1);
    Tensor now = logits.slice(1, 0, tokens - 1).reshape(-1, logits.dim(2));
    return now.crossEntropy(batch.labels().slice(1, 1, tokens).reshape(-1));
  }

  private static List<float[]> computed(Tensor loss, AdaptedModel<CausalLm> adapted) {
    loss.backward();
    List<float[]> all = new ArrayList<>(List.of(loss.toFloats()));
    for (NamedParameter p : adapted.namedParameters()) {
      if (p.parameter().trainable()) {
        all.add(Objects.requireNonNull(p.parameter().grad(), p.name()).toFloats());
        p.parameter().variable().clearGradient();
      }
    }
    return all;
  }

  private static void same(List<float[]> a, List<float[]> b) {
    assertThat(a).hasSameSizeAs(b);
    for (int i = 0; i < a.size(); i++) {
      assertThat(a.get(i)).containsExactly(b.get(i), within(2e-6f));
    }
  }

  private static List<String> ops(Tensor loss) {
    return Engine.program(Backends.named("cpu"), List.of(loss.node())).steps().stream()
        .map(s -> s.op().name())
        .toList();
  }

  /** Also where the head has an adapter: of low rank, or DoRA, for which the logits are needed. */
  @ParameterizedTest
  @CsvSource({"q_proj, false, true", "lm_head, false, true", "lm_head, true, false"})
  void isTheCrossEntropyOfTheShiftedLogits(String target, boolean dora, boolean direct) {
    CausalLm model = model(2);
    LoraConfig.Builder lora = LoraConfig.builder().targets(target, "v_proj").dora(dora);
    AdaptedModel<CausalLm> adapted = adapted(model, lora);
    model.train();
    CausalBatch batch = CausalBatch.of(ROWS);
    assertThat(ops(model.loss(batch)).contains("HeadLoss")).isEqualTo(direct);
    same(computed(model.loss(batch), adapted), computed(ofLogits(model, batch), adapted));
  }

  @Test
  void paddingChangesNothing() {
    CausalLm model = model(1);
    float tight = model.loss(CausalBatch.of(ROWS, 0, 1)).item();
    assertThat(model.loss(CausalBatch.of(ROWS, 7, 16)).item()).isEqualTo(tight, within(1e-6f));
    assertThat(CausalBatch.of(ROWS, 0, 1).counted()).isEqualTo(4 + 3 + 1);
    assertThat(CausalBatch.of(ROWS).labels().dim(1)).isEqualTo(8);
  }

  /** Rows in one row see only themselves, and give the same loss as rows of a batch. */
  @Test
  void packedRowsAreThoseOfABatch() {
    CausalLm model = model(2);
    AdaptedModel<CausalLm> adapted = adapted(model, LoraConfig.builder().targets("q_proj"));
    same(
        computed(model.loss(CausalBatch.packed(ROWS)), adapted),
        computed(model.loss(CausalBatch.of(ROWS)), adapted));
  }

  @Test
  void frozenWeightsIn16BitsAreReadAsTheyAre() {
    CausalLm model = model(1);
    model.to(new BFloat16());
    AdaptedModel<CausalLm> adapted = adapted(model, LoraConfig.builder().targets("q_proj"));
    CausalBatch batch = CausalBatch.of(ROWS);
    same(computed(model.loss(batch), adapted), computed(ofLogits(model, batch), adapted));
  }

  @Test
  void checkpointingGivesTheSameBits() {
    Run kept = run(ActivationCheckpointing.OFF);
    Run again = run(ActivationCheckpointing.ON);
    assertThat(again.steps).isGreaterThan(kept.steps);
    assertThat(again.values).hasSize(21);
    for (int i = 0; i < kept.values.size(); i++) {
      assertThat(again.values.get(i)).isEqualTo(kept.values.get(i));
    }
  }

  private record Run(int steps, List<float[]> values) {}

  /** The loss and all gradients of a model that drops inputs of its adapters. */
  private static Run run(ActivationCheckpointing mode) {
    CausalLm model = model(5);
    AdaptedModel<CausalLm> adapted =
        Rng.with(
            new Rng(2),
            () ->
                adapted(model, LoraConfig.builder().targets("q_proj", "down_proj").dropout(0.2f)));
    model.train();
    model.activationCheckpointing(mode);
    Tensor loss = model.loss(CausalBatch.of(ROWS));
    loss.backward();
    List<Node> nodes = new ArrayList<>(List.of(loss.node()));
    for (NamedParameter p : adapted.namedParameters()) {
      Node g = p.parameter().variable().gradient();
      if (g != null) {
        nodes.add(g);
      }
    }
    int steps = Engine.program(Backends.current(), nodes).steps().size();
    return new Run(steps, nodes.stream().map(n -> Tensor.of(n).toFloats()).toList());
  }

  @Test
  void noiseIsDrawnInTrainingOnly() {
    CausalLm model = model(1);
    NextTokenLoss noisy = new NextTokenLoss(0, false, 5);
    CausalBatch batch = CausalBatch.of(ROWS);
    model.eval();
    float plain = model.loss(batch).item();
    assertThat(noisy.of(model, batch).item()).isEqualTo(plain);
    model.train();
    float first = Rng.with(new Rng(1), () -> noisy.of(model, batch).item());
    assertThat(first).isNotEqualTo(plain);
    assertThat(Rng.with(new Rng(1), () -> noisy.of(model, batch).item())).isEqualTo(first);
  }

  @Test
  void whatIsWrongIsSaid() {
    CausalLm model = model(1);
    CausalBatch batch = CausalBatch.of(ROWS, 0, 1);
    CausalBatch other = new CausalBatch(batch.input(), Tensor.of(new int[6], 3, 2));
    assertThatThrownBy(() -> model.loss(other))
        .hasMessage("labels are INT32 (3, 2), needed integers (3, 7) as the token ids");
    assertThatThrownBy(() -> CausalBatch.of(List.of())).hasMessage("a batch has no rows");
    assertThatThrownBy(() -> CausalBatch.packed(List.of(TokenRow.of())))
        .hasMessage("a batch has a row without tokens");
    assertThatThrownBy(() -> new TokenRow(new int[2], new int[1]))
        .hasMessageStartingWith("a row of 2 tokens has 1 labels");
    assertThatThrownBy(() -> new NextTokenLoss(2, false, 0)).hasMessageContaining("from 0 to 1");
    assertThatThrownBy(() -> new NextTokenLoss(0, false, -1)).hasMessageContaining("noise");
  }
}
