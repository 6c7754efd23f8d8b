package dev.peft4j.transformers;

/** BERT with a classifier on each token's hidden state. */
public class BertForTokenClassification extends LinearTokenClassifier<BertModel> {
  /** Creates a new model, initialised as in transformers. */
  public BertForTokenClassification(EncoderConfig config) {
    this(config, Init.random(config));
  }

  /** Creates a model whose layers {@code init} makes. */
  public BertForTokenClassification(EncoderConfig config, Init init) {
    super(new BertModel(config, false, init), init);
  }

  /** Returns the encoder. */
  public BertModel bert() {
    return encoder();
  }
}
