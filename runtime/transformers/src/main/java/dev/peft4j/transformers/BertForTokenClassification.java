package dev.peft4j.transformers;

import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.tensor.Tensor;

/** BERT with a classifier on each token's hidden state. */
public class BertForTokenClassification extends TokenClassifier {
  private final BertModel bert;
  private final Dropout dropout;
  private final Linear classifier;

  /** Creates a new model, initialised as in transformers. */
  public BertForTokenClassification(EncoderConfig config) {
    this(config, Init.random(config));
  }

  /** Creates a model whose layers {@code init} makes. */
  public BertForTokenClassification(EncoderConfig config, Init init) {
    this.bert = new BertModel(config, false, init);
    this.dropout = new Dropout(config.dropoutOfClassifier());
    this.classifier = init.linear(config.hiddenSize(), config.numLabels());
  }

  @Override
  protected Tensor head(Tensor hidden) {
    return classifier.forward(dropout.forward(hidden));
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
