package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Q8_0;
import dev.peft4j.data.Rng;
import dev.peft4j.data.ShapeException;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights of a float32 folder that are held in blocks of codes from the moment they are read. */
class QuantizedLoadTest {
  private static final Encoding Q8_0 = new Q8_0();
  @TempDir Path folder;

  /** A folder with layers that are whole blocks wide. */
  @BeforeEach
  void write() throws IOException {
    String config =
        Files.readString(Tiny.FOLDER.resolve("config.json"))
            .replace("\"hidden_size\": 24", "\"hidden_size\": 64")
            .replace("\"intermediate_size\": 40", "\"intermediate_size\": 96")
            .replace("\"num_attention_heads\": 3", "\"num_attention_heads\": 2");
    Files.writeString(folder.resolve("config.json"), config);
    EncoderConfig sizes =
        Transformers.encoderConfig(Tiny.FOLDER).toBuilder()
            .hiddenSize(64)
            .intermediateSize(96)
            .heads(2)
            .build();
    Rng.with(4, () -> new BertForSequenceClassification(sizes)).save(folder);
  }

  private static Tensor ids() {
    return Tensor.of(new int[] {2, 7, 11, 3, 2, 9, 3, 0}, 2, 4);
  }

  private static Tensor mask() {
    return Tensor.of(new int[] {1, 1, 1, 1, 1, 1, 1, 0}, 2, 4);
  }

  @Test
  void linearsAndEmbeddingsAreQuantizedAndNothingElse() throws IOException {
    BertForSequenceClassification coded = Transformers.bertForSequenceClassification(folder, Q8_0);
    int found = 0;
    for (NamedModule m : coded.namedModules()) {
      for (Parameter p : m.module().ownParameters().values()) {
        boolean weight =
            p.shape().rank() == 2
                && (m.module() instanceof Linear || m.module() instanceof Embedding);
        assertThat(p.own().encoding()).as(p.name()).isEqualTo(weight ? Q8_0 : Encodings.FLOAT32);
        found += weight ? 1 : 0;
      }
    }
    assertThat(found).isEqualTo(3 + 2 * 6 + 2); // embeddings, two layers, pooler and classifier

    BertForSequenceClassification later = Transformers.bertForSequenceClassification(folder);
    float[] exact = later.forward(ids(), mask(), null).toFloats();
    later.to(Q8_0);
    float[] logits = coded.forward(ids(), mask(), null).toFloats();
    assertThat(logits).isEqualTo(later.forward(ids(), mask(), null).toFloats());
    assertThat(logits).containsExactly(exact, within(0.25f)).isNotEqualTo(exact);
  }

  @Test
  void anAdapterTrainsOverIt() throws IOException {
    BertForSequenceClassification coded = Transformers.bertForSequenceClassification(folder, Q8_0);
    LoraConfig config = LoraConfig.builder().r(4).targets("query", "value", "dense").build();
    AdaptedModel<BertForSequenceClassification> model =
        Rng.with(1, () -> PeftModel.of(coded, config));
    AdamW optimizer = AdamW.of(model.trainableParameters(), 1e-2f);
    float first = 0;
    float last = 0;
    for (int i = 0; i < 15; i++) {
      Tensor loss = coded.forward(ids(), mask(), null).crossEntropy(Tensor.of(new int[] {3, 1}));
      loss.backward();
      optimizer.step();
      last = loss.item();
      first = i == 0 ? last : first;
    }
    assertThat(last).isLessThan(first / 4);
  }

  @Test
  void rowsThatAreNotWholeBlocksAreRefused() {
    assertThatThrownBy(() -> Transformers.bertModel(Tiny.FOLDER, Q8_0))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("24) cannot be held as Q8_0")
        .hasMessageContaining("multiple of 32");
  }
}
