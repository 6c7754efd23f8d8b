package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Shape;
import dev.peft4j.nn.ModuleSummary;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

/** BERT, looked at. */
class PrintedBertTest {
  private final BertForSequenceClassification bert =
      new BertForSequenceClassification(
          EncoderConfig.builder()
              .vocabSize(50)
              .hiddenSize(8)
              .layers(3)
              .heads(2)
              .intermediateSize(12)
              .maxPositions(16)
              .labels(List.of("no", "yes"))
              .build());
  private final Tensor ids = Tensor.of(new int[] {1, 2, 3, 4, 5, 6}, 2, 3);

  @Test
  void equalLayersAreOne() {
    assertThat(bert.toString())
        .startsWith("BertForSequenceClassification(\n  (bert): BertModel(\n    (embeddings): ")
        .contains(
            """
                (encoder): BertEncoder(
                  (layer): ModuleList(
                    (0-2): 3 x BertLayer(
                      (attention): BertAttention(
                        (self): BertSelfAttention(
                          (query): Linear(in_features=8, out_features=8, bias=True)
            """)
        .contains("(LayerNorm): LayerNorm((8,), eps=1e-12, elementwise_affine=True, bias=True)")
        .endsWith("(classifier): Linear(in_features=8, out_features=2, bias=True)\n)");
  }

  @Test
  void everyPartHasItsShape() {
    AdaptedModel<BertForSequenceClassification> adapted =
        PeftModel.of(
            bert,
            LoraConfig.builder()
                .targets("query", "value")
                .r(2)
                .modulesToSave("classifier")
                .build());
    ModuleSummary s = adapted.summary(() -> bert.forward(ids, null));
    for (int i = 0; i < 3; i++) {
      String layer = "bert.encoder.layer." + i;
      assertThat(s.output(layer)).isEqualTo(Shape.of(2, 3, 8));
      assertThat(s.output(layer + ".attention.self")).isEqualTo(Shape.of(2, 3, 8));
      assertThat(s.output(layer + ".attention.self.query")).isEqualTo(Shape.of(2, 3, 8));
      assertThat(s.output(layer + ".intermediate")).isEqualTo(Shape.of(2, 3, 12));
    }
    assertThat(s.output("bert")).isEqualTo(Shape.of(2, 3, 8));
    assertThat(s.output("bert.pooler")).isEqualTo(Shape.of(2, 8));
    assertThat(s.output("")).isEqualTo(Shape.of(2, 2));
    assertThat(adapted.trainableSummary())
        .startsWith(
            String.format(
                "trainable params: %,d || all params: %,d ||", s.trainable(), s.parameters()));
    assertThat(adapted.toString())
        .startsWith("PeftModel(\n  (base_model): LoraModel(\n    (model): BertForSequence")
        .contains("(0-2): 3 x BertLayer(", "(query): lora.Linear(", ": ModulesToSaveWrapper(");
  }
}
