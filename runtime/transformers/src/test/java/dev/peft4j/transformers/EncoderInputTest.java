package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.IndexException;
import dev.peft4j.data.ShapeException;
import dev.peft4j.tensor.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What goes wrong with a batch is said where the model is called. */
class EncoderInputTest {
  private static BertForSequenceClassification model;

  @BeforeAll
  static void load() throws Exception {
    model = Transformers.bertForSequenceClassification(Tiny.FOLDER);
  }

  @Test
  void tokenOutOfRangeNamesTokenPlaceAndVocabulary() {
    Tensor ids = Tensor.of(new long[] {2, 5, 3, 2, 78, 3}, 2, 3);
    assertThatThrownBy(() -> model.forward(ids, null))
        .isInstanceOf(IndexException.class)
        .hasMessage(
            "BERT: token id 78 at row 1, position 1 is out of range for vocab_size 78, which allows"
                + " 0 to 77");
    assertThatThrownBy(() -> model.forward(Tensor.of(new int[] {2, -1}, 1, 2), null))
        .hasMessageContaining("token id -1 at row 0, position 1");
  }

  @Test
  void typeOutOfRange() {
    Tensor ids = Tensor.of(new long[] {2, 3}, 1, 2);
    assertThatThrownBy(() -> model.forward(ids, null, Tensor.of(new long[] {0, 2}, 1, 2)))
        .hasMessageContaining("token type id 2 at row 0, position 1")
        .hasMessageContaining("type_vocab_size 2");
  }

  @Test
  void tooLong() {
    assertThatThrownBy(() -> model.forward(Tensor.of(new long[21], 1, 21), null))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("21 tokens")
        .hasMessageContaining("20 positions");
    model.forward(Tensor.of(new long[20], 1, 20), null).toFloats();
  }

  @Test
  void emptyBatch() {
    assertThatThrownBy(() -> model.forward(Tensor.of(new long[0], 0, 5), null))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("(0, 5)")
        .hasMessageContaining("empty");
    assertThatThrownBy(() -> model.forward(Tensor.of(new long[0], 3, 0), null))
        .hasMessageContaining("empty");
  }

  @Test
  void shapesAndTypesThatDoNotFit() {
    Tensor ids = Tensor.of(new long[6], 2, 3);
    assertThatThrownBy(() -> model.forward(Tensor.of(new long[6], 6), null))
        .hasMessageContaining("(batch, tokens)");
    assertThatThrownBy(() -> model.forward(Tensor.of(new float[6], 2, 3), null))
        .hasMessageContaining("FLOAT32");
    assertThatThrownBy(() -> model.forward(ids, Tensor.of(new long[4], 2, 2)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("attention mask of shape (2, 2)")
        .hasMessageContaining("(2, 3)");
    assertThatThrownBy(() -> model.forward(ids, null, Tensor.of(new long[3], 1, 3)))
        .hasMessageContaining("token type ids of shape (1, 3)");
  }

  @Test
  void maskOfOtherNumbers() {
    Tensor ids = Tensor.of(new long[4], 2, 2);
    assertThatThrownBy(() -> model.forward(ids, Tensor.of(new long[] {1, 1, 1, 2}, 2, 2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2.0 at row 1, position 1");
  }

  @Test
  void labelOutOfRangeNamesLabelAndRow() {
    Tensor logits = model.forward(Tensor.of(new long[] {2, 3, 2, 3}, 2, 2), null);
    assertThatThrownBy(() -> model.loss(logits, Tensor.of(new long[] {0, 4})))
        .isInstanceOf(IndexException.class)
        .hasMessageContaining("label 4 in row 1")
        .hasMessageContaining("4 labels (0 to 3");
    assertThatThrownBy(() -> model.loss(logits, Tensor.of(new long[] {0, 1, 2})))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("(3,)");
  }

  @Test
  void textWithoutTokensHasNoMean() {
    assertThatThrownBy(
            () ->
                Pooling.mean(Tensor.zeros(2, 3, 4), Tensor.of(new long[] {1, 0, 0, 0, 0, 0}, 2, 3)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("row 1");
    assertThatThrownBy(() -> Pooling.mean(Tensor.zeros(2, 3, 4), Tensor.of(new long[4], 2, 2)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("(2, 2)");
  }
}
