package dev.peft4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.output.Response;
import dev.peft4j.data.Rng;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.BertForSequenceClassification;
import dev.peft4j.transformers.BertModel;
import dev.peft4j.transformers.EncoderConfig;
import dev.peft4j.transformers.Pooling;
import dev.peft4j.transformers.TokenBatch;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Vectors and scores are the model's. */
class EncoderModelsTest {
  private static final List<String> TEXTS = List.of("a cat", "some longer text", "b");
  private final Tokenizer tokenizer = new SmallModel().tokenizer;

  private static EncoderConfig config(int labels) {
    return EncoderConfig.builder()
        .vocabSize(100)
        .hiddenSize(16)
        .intermediateSize(32)
        .layers(1)
        .heads(2)
        .maxPositions(64)
        .initializerRange(0.5)
        .numLabels(labels)
        .build();
  }

  private static List<TextSegment> segments() {
    return TEXTS.stream().map(TextSegment::from).toList();
  }

  @Test
  void vectorsAreTheMeanOfLengthOne() {
    BertModel bert = Rng.with(new Rng(1), () -> new BertModel(config(2)));
    bert.eval();
    var model =
        Peft4jEmbeddingModel.builder().encoder(bert).tokenizer(tokenizer).batchSize(2).build();
    Response<List<Embedding>> r = model.embedAll(segments());
    assertThat(r.tokenUsage().inputTokenCount()).isEqualTo(5 + 16 + 1);
    for (int i = 0; i < TEXTS.size(); i++) {
      TokenBatch batch = tokenizer.encode(TEXTS.subList(i, i + 1));
      float[] mean = Pooling.mean(bert.forward(batch), batch.attentionMask()).toFloats();
      double length = 0;
      for (float x : mean) {
        length += x * x;
      }
      float[] v = r.content().get(i).vector();
      for (int k = 0; k < v.length; k++) {
        assertThat(v[k]).isCloseTo((float) (mean[k] / Math.sqrt(length)), Offset.offset(1e-5f));
      }
    }
    assertThat(model.dimension()).isEqualTo(16);
    var raw =
        Peft4jEmbeddingModel.builder()
            .encoder(bert)
            .tokenizer(tokenizer)
            .normalized(false)
            .pooling((hidden, mask) -> Pooling.first(hidden))
            .build();
    TokenBatch batch = tokenizer.encode(List.of("b"));
    assertThat(raw.embed("b").content().vector())
        .containsExactly(Pooling.first(bert.forward(batch)).toFloats(), Offset.offset(1e-5f));
  }

  @Test
  void anAdapterActs() {
    BertModel bert = Rng.with(new Rng(1), () -> new BertModel(config(2)));
    AdaptedModel<BertModel> adapted =
        PeftModel.of(bert, LoraConfig.builder().targets("query", "value").r(2).alpha(8).build());
    for (var p : adapted.adapters().namedParameters()) {
      float[] v = new float[p.parameter().shape().size()];
      java.util.Arrays.fill(v, 0.3f);
      p.parameter().set(v);
    }
    var builder =
        Peft4jEmbeddingModel.builder()
            .encoder(bert)
            .tokenizer(tokenizer)
            .adapters(adapted.adapters());
    float[] with = builder.adapter("default").build().embed("a cat").content().vector();
    float[] without =
        adapted
            .adapters()
            .with(
                List.of(),
                () -> {
                  TokenBatch b = tokenizer.encode(List.of("a cat"));
                  return Pooling.mean(bert.forward(b), b.attentionMask()).toFloats();
                });
    Embedding base = Embedding.from(without);
    base.normalize();
    assertThat(with).isNotEqualTo(base.vector());
    assertThatThrownBy(() -> builder.adapter("other").build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("other");
  }

  @Test
  void scoresOfPairs() {
    for (int labels : new int[] {1, 3}) {
      var bert = Rng.with(new Rng(2), () -> new BertForSequenceClassification(config(labels)));
      bert.eval();
      var builder = Peft4jScoringModel.builder().classifier(bert).tokenizer(tokenizer).batchSize(2);
      var model = (labels == 1 ? builder : builder.label(1)).build();
      Response<List<Double>> r = model.scoreAll(segments(), "the query");
      assertThat(r.tokenUsage().inputTokenCount()).isEqualTo(5 + 16 + 1 + 3 * 9);
      for (int i = 0; i < TEXTS.size(); i++) {
        TokenBatch batch = tokenizer.encode(List.of("the query"), List.of(TEXTS.get(i)));
        Tensor logits = bert.forward(batch);
        double expected = labels == 1 ? logits.toFloats()[0] : logits.softmax(-1).toFloats()[1];
        assertThat(r.content().get(i)).isCloseTo(expected, Offset.offset(1e-5));
      }
      assertThat(model.score("a cat", "the query").content())
          .isCloseTo(r.content().getFirst(), Offset.offset(1e-5));
    }
    var bert = Rng.with(new Rng(2), () -> new BertForSequenceClassification(config(2)));
    assertThatThrownBy(
            () ->
                Peft4jScoringModel.builder().classifier(bert).tokenizer(tokenizer).label(2).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0 to 1");
  }
}
