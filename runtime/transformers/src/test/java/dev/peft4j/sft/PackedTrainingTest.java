package dev.peft4j.sft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.LlamaForCausalLM;
import dev.peft4j.transformers.NextTokenLoss;
import dev.peft4j.transformers.TokenRow;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Training on packed rows is training on the same documents as padded rows of one batch. */
class PackedTrainingTest {
  private static LlamaForCausalLM model() {
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(40)
            .hiddenSize(16)
            .layers(2)
            .heads(4)
            .kvHeads(2)
            .headDim(4)
            .intermediateSize(24)
            .maxPositions(32)
            .initializerRange(0.4)
            .tied(true)
            .build();
    return Rng.with(5, () -> new LlamaForCausalLM(config));
  }

  /** Rows of which the first third is a prompt that does not count. */
  private static List<TokenRow> rows(int count) {
    Random random = new Random(9);
    List<TokenRow> rows = new ArrayList<>();
    for (int r = 0; r < count; r++) {
      int[] ids = random.ints(3 + random.nextInt(18), 0, 40).toArray();
      int[] labels = ids.clone();
      for (int i = 0; i < ids.length / 3; i++) {
        labels[i] = TokenRow.IGNORED;
      }
      rows.add(new TokenRow(ids, labels));
    }
    return rows;
  }

  private static PeftModel adapted(LlamaForCausalLM model) {
    return Rng.with(
        6, () -> PeftModel.of(model, LoraConfig.builder().allLinear().r(3).alpha(6).build()));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 8, 64})
  void lossAndGradientsAreThoseOfPaddedRows(int multiple) {
    LlamaForCausalLM model = model();
    PeftModel peft = adapted(model);
    model.train();
    List<TokenRow> rows = rows(9);
    List<PackedRow> packed = Packing.BEST_FIT.pack(rows, 24);
    assertThat(packed.size()).isLessThan(rows.size()).isGreaterThan(1);
    CausalBatch one = PackedRow.batch(packed, multiple);
    assertThat(one.input().inputIds().dim(1) % multiple).isZero();
    assertThat(one.counted()).isEqualTo(rows.stream().mapToLong(TokenRow::counted).sum());
    List<float[]> padded = gradients(peft, NextTokenLoss.PLAIN.of(model, CausalBatch.of(rows)));
    List<float[]> found = gradients(peft, NextTokenLoss.PLAIN.of(model, one));
    for (int p = 0; p < padded.size(); p++) {
      for (int i = 0; i < padded.get(p).length; i++) {
        assertThat(found.get(p)[i]).isCloseTo(padded.get(p)[i], within(2e-5f));
      }
    }
  }

  /** The loss, then all gradients. */
  private static List<float[]> gradients(PeftModel peft, Tensor loss) {
    loss.backward();
    List<float[]> all = new ArrayList<>();
    all.add(loss.toFloats());
    for (Parameter p : peft.trainableParameters()) {
      all.add(Objects.requireNonNull(p.grad()).toFloats());
      p.variable().clearGradient();
    }
    return all;
  }

  @Test
  void aRunOfSeveralStepsIsTheSame() {
    List<TokenRow> rows = rows(40);
    List<PackedRow> packed = Packing.BEST_FIT.pack(rows, 24);
    List<List<PackedRow>> steps = new ArrayList<>();
    for (int i = 0; i < packed.size(); i += 3) {
      steps.add(packed.subList(i, Math.min(packed.size(), i + 3)));
    }
    List<Double> found = losses(steps.stream().map(s -> PackedRow.batch(s, 8)).toList());
    List<Double> padded =
        losses(
            steps.stream()
                .map(s -> CausalBatch.of(s.stream().flatMap(r -> r.documents().stream()).toList()))
                .toList());
    assertThat(found).hasSize(2 * steps.size());
    for (int i = 0; i < found.size(); i++) {
      assertThat(found.get(i)).isCloseTo(padded.get(i), within(1e-4));
    }
    assertThat(found.get(steps.size())).isLessThan(found.getFirst()); // the same batch again
  }

  private static List<Double> losses(List<CausalBatch> batches) {
    LlamaForCausalLM model = model();
    PeftModel peft = adapted(model);
    List<Double> losses = new ArrayList<>();
    Trainer.of(
            peft,
            AdamW.of(peft.trainableParameters(), 5e-3f),
            Batches.of(batches),
            b -> NextTokenLoss.PLAIN.of(model, b))
        .settings(TrainingSettings.epochs(2))
        .listener(
            e -> {
              if (e instanceof TrainingEvent.Step s) {
                losses.add(s.loss());
              }
            })
        .run();
    return losses;
  }
}
