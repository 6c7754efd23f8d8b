package dev.peft4j.transformers;

import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.tensor.Tensor;
import java.util.Objects;

/** BERT with a classifier on its pooled output: one label per text. */
public class BertForSequenceClassification extends SequenceClassifier {
  private final BertModel bert;
  private final Dropout dropout;
  private final Linear classifier;

  /** Creates a new model, initialised as in transformers. */
  public BertForSequenceClassification(EncoderConfig config) {
    this(config, Init.random(config));
  }

  /** Creates a model whose layers {@code init} makes. */
  public BertForSequenceClassification(EncoderConfig config, Init init) {
    this.bert = new BertModel(config, true, init);
    this.dropout = new Dropout(config.dropoutOfClassifier());
    this.classifier = init.linear(config.hiddenSize(), config.numLabels());
  }

  @Override
  protected Tensor head(Tensor hidden) {
    Tensor pooled = Objects.requireNonNull(bert.pooler()).forward(hidden);
    return classifier.forward(dropout.forward(pooled));
  }

  @Override
  public BertModel encoder() {
    return bert;
  }

  /** Returns the encoder. */
  public BertModel bert() {
    return bert;
  }

  /** Returns the dropout before the classifier. */
  public Dropout dropout() {
    return dropout;
  }

  /** Returns the classifier. */
  public Linear classifier() {
    return classifier;
  }
}
