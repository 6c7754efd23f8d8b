package dev.peft4j.transformers;

import dev.peft4j.data.IndexException;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.HasModelType;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** BERT with a classifier on its pooled output: one label a text. */
public class BertForSequenceClassification extends Module implements HasModelType {
  /** A label that does not count, as in torch. */
  private static final int IGNORED = -100;

  private final BertModel bert;
  private final Dropout dropout;
  private final Linear classifier;

  /** A new model, its weights drawn as transformers draws them. */
  public BertForSequenceClassification(BertConfig config) {
    this(config, BertInit.random(config), BertInit.random(config), BertInit.random(config));
  }

  BertForSequenceClassification(
      BertConfig config, BertInit init, BertInit poolerInit, BertInit headInit) {
    this.bert = new BertModel(config, poolerInit, init);
    Double p = config.classifierDropout();
    this.dropout = new Dropout(p == null ? config.hiddenDropout() : p);
    this.classifier = headInit.linear(config.hiddenSize(), config.numLabels());
  }

  /** The logits of a batch that a {@link Tokenizer} made. */
  public Tensor forward(TokenBatch batch) {
    return forward(batch.inputIds(), batch.attentionMask(), batch.tokenTypeIds());
  }

  /** The logits of texts whose tokens are all of type 0. */
  public Tensor forward(Tensor inputIds, @Nullable Tensor attentionMask) {
    return forward(inputIds, attentionMask, null);
  }

  /**
   * The logits (batch, labels); parameters and errors are those of {@link BertModel#forward(Tensor,
   * Tensor, Tensor)}.
   */
  public Tensor forward(
      Tensor inputIds, @Nullable Tensor attentionMask, @Nullable Tensor tokenTypeIds) {
    Tensor hidden = bert.forward(inputIds, attentionMask, tokenTypeIds);
    Tensor pooled = Objects.requireNonNull(bert.pooler()).forward(hidden);
    return classifier.forward(dropout.forward(pooled));
  }

  /**
   * The mean cross-entropy of logits against labels.
   *
   * @param logits (batch, labels), from {@link #forward}
   * @param labels integers (batch), 0 to labels - 1; -100 for rows that do not count
   * @return a single value
   * @throws ShapeException if the shapes do not fit
   * @throws IndexException if a label is out of range, naming it and its row
   */
  public Tensor loss(Tensor logits, Tensor labels) {
    int classes = bert.config().numLabels();
    Shape s = logits.shape();
    boolean fits = s.rank() == 2 && s.dim(1) == classes;
    if (!fits || !labels.dtype().isInteger() || !labels.shape().equals(Shape.of(s.dim(0)))) {
      throw new ShapeException(
          "BERT: logits of shape "
              + s
              + " and labels "
              + labels.dtype()
              + " "
              + labels.shape()
              + ": needed (batch, "
              + classes
              + ") and batch integers");
    }
    Storage known = labels.node().value();
    for (long i = 0; known != null && i < known.elements(); i++) {
      long label = known.index(i);
      if ((label < 0 || label >= classes) && label != IGNORED) {
        throw new IndexException(
            "BERT: label "
                + label
                + " in row "
                + i
                + " is out of range for "
                + classes
                + " labels (0 to "
                + (classes - 1)
                + ", or "
                + IGNORED
                + " to ignore the row)");
      }
    }
    return logits.crossEntropy(labels, IGNORED);
  }

  /** The settings. */
  public BertConfig config() {
    return bert.config();
  }

  /** The encoder. */
  public BertModel bert() {
    return bert;
  }

  /** The dropout before the classifier. */
  public Dropout dropout() {
    return dropout;
  }

  /** The classifier. */
  public Linear classifier() {
    return classifier;
  }

  /** {@code bert}. */
  @Override
  public String modelType() {
    return "bert";
  }
}
