package dev.peft4j.transformers;

/** BERT with a classifier on its pooled output: one label per text. */
public class BertForSequenceClassification extends PooledClassifier<BertModel> {
  /** Creates a new model, initialised as in transformers. */
  public BertForSequenceClassification(EncoderConfig config) {
    this(config, Init.random(config));
  }

  /** Creates a model whose layers {@code init} makes. */
  public BertForSequenceClassification(EncoderConfig config, Init init) {
    super(new BertModel(config, true, init), init);
  }

  /** Returns the encoder. */
  public BertModel bert() {
    return encoder();
  }
}
