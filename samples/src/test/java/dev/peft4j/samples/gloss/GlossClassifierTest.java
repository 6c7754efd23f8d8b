package dev.peft4j.samples.gloss;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.BertModel;
import dev.peft4j.transformers.EncoderConfig;
import dev.peft4j.transformers.TokenBatch;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The generated class on a small encoder: names, what is trained and what is not, and its file. */
class GlossClassifierTest {
  private static final EncoderConfig SMALL =
      EncoderConfig.builder()
          .vocabSize(50)
          .hiddenSize(24)
          .layers(2)
          .heads(3)
          .intermediateSize(32)
          .dropout(0)
          .build();
  private static final TokenBatch TEXTS =
      new TokenBatch(
          Tensor.of(new long[] {2, 7, 9, 3, 2, 8, 3, 0}, 2, 4),
          Tensor.of(new long[] {1, 1, 1, 1, 1, 1, 1, 0}, 2, 4),
          Tensor.of(new long[8], 2, 4));

  private static GlossClassifierPeft model(long seed, BertModel encoder) {
    return Rng.with(seed, () -> new GlossClassifierPeft(encoder));
  }

  @Test
  void trainsAdaptersAndHeadOnlyAndComesBackFromItsFile(@TempDir Path folder) {
    BertModel encoder = Rng.with(1, () -> new BertModel(SMALL, false));
    GlossClassifierPeft model = model(2, encoder);
    assertThat(
            model.namedParameters().stream()
                .filter(p -> p.parameter().trainable())
                .map(NamedParameter::name))
        .hasSize(2 * 4 + 2)
        .contains(
            "base_model.model.encoder.encoder.layer.1.attention.self.value.lora_B.default.weight",
            "base_model.model.head.modules_to_save.default.weight");
    String encoderBefore = Checksum.of(encoder);
    String headBefore = Checksum.of(model.head);
    float[] first = model.forward(TEXTS).toFloats();
    AdamW optimizer = AdamW.of(model.trainableParameters(), 0.01f);
    float[] losses = new float[5];
    for (int i = 0; i < losses.length; i++) {
      Tensor loss = model.forward(TEXTS).crossEntropy(Tensor.of(new int[] {3, 25}));
      loss.backward();
      optimizer.step();
      losses[i] = loss.item();
    }
    assertThat(losses[4]).isLessThan(losses[0]);
    assertThat(Checksum.of(encoder)).isEqualTo(encoderBefore);
    assertThat(Checksum.of(model.head)).isEqualTo(headBefore);
    float[] trained = model.forward(TEXTS).toFloats();
    assertThat(trained).isNotEqualTo(first);
    model.save(folder);

    BertModel again = Rng.with(1, () -> new BertModel(SMALL, false));
    GlossClassifierPeft loaded = model(9, again);
    loaded.load(folder);
    assertThat(loaded.forward(TEXTS).toFloats()).isEqualTo(trained);
  }
}
