package dev.peft4j.transformers;

import com.google.auto.service.AutoService;

/** XLM-RoBERTa (Conneau et al. 2020): RoBERTa for many languages. */
@AutoService(ModelFamily.class)
public final class XlmRoberta extends Roberta {
  @Override
  public String modelType() {
    return "xlm-roberta";
  }

  @Override
  public String classPrefix() {
    return "XLMRoberta";
  }

  @Override
  EncoderConfig.Builder defaults() {
    return EncoderConfig.builder();
  }

  @Override
  public Encoder encoder(EncoderConfig config, boolean pooler, Init init) {
    return new XLMRobertaModel(config, pooler, init);
  }

  @Override
  public SequenceClassifier sequenceClassifier(EncoderConfig config, Init init) {
    return new XLMRobertaForSequenceClassification(config, init);
  }

  @Override
  public TokenClassifier tokenClassifier(EncoderConfig config, Init init) {
    return new XLMRobertaForTokenClassification(config, init);
  }

  /** The XLM-RoBERTa encoder. */
  public static final class XLMRobertaModel extends RobertaModel {
    /** A model whose layers {@code init} makes. */
    public XLMRobertaModel(EncoderConfig config, boolean pooler, Init init) {
      super(config, pooler, init);
    }

    @Override
    public String modelType() {
      return "xlm-roberta";
    }
  }

  /** XLM-RoBERTa with a classifier of whole texts. */
  public static class XLMRobertaForSequenceClassification extends RobertaForSequenceClassification {
    /** A model whose layers {@code init} makes. */
    public XLMRobertaForSequenceClassification(EncoderConfig config, Init init) {
      super(new XLMRobertaModel(config, false, init), init);
    }
  }

  /** XLM-RoBERTa with a classifier of each token. */
  public static class XLMRobertaForTokenClassification extends RobertaForTokenClassification {
    /** A model whose layers {@code init} makes. */
    public XLMRobertaForTokenClassification(EncoderConfig config, Init init) {
      super(new XLMRobertaModel(config, false, init), init);
    }
  }
}
