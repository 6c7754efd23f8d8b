package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** XLM-RoBERTa (Conneau et al. 2020): a RoBERTa for many languages. */
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
    /** Creates a model whose layers {@code init} makes. */
    public XLMRobertaModel(EncoderConfig config, boolean pooler, Init init) {
      super(config, pooler, init);
    }

    @Override
    public String modelType() {
      return "xlm-roberta";
    }
  }

  /** XLM-RoBERTa with a classifier of whole texts. */
  public static class XLMRobertaForSequenceClassification extends SequenceClassifier {
    private final ClassificationHead classifier; // before the encoder, as in transformers
    private final XLMRobertaModel roberta;

    /** Creates a model whose layers {@code init} makes. */
    public XLMRobertaForSequenceClassification(EncoderConfig config, Init init) {
      this.classifier =
          new ClassificationHead(config, Activation.TANH, config.dropoutOfClassifier(), init);
      this.roberta = new XLMRobertaModel(config, false, init);
    }

    @Override
    protected Tensor head(Tensor hidden, @Nullable Tensor mask) {
      return classifier.forward(hidden);
    }

    @Override
    public XLMRobertaModel encoder() {
      return roberta;
    }

    /** Returns the encoder. */
    public XLMRobertaModel roberta() {
      return roberta;
    }

    /** Returns the classifier. */
    public ClassificationHead classifier() {
      return classifier;
    }
  }

  /** XLM-RoBERTa with a classifier of each token. */
  public static class XLMRobertaForTokenClassification extends TokenClassifier {
    private final Dropout dropout;
    private final Linear classifier; // before the encoder, as in transformers
    private final XLMRobertaModel roberta;

    /** Creates a model whose layers {@code init} makes. */
    public XLMRobertaForTokenClassification(EncoderConfig config, Init init) {
      this.dropout = new Dropout(config.dropoutOfClassifier());
      this.classifier = init.linear(config.hiddenSize(), config.numLabels());
      this.roberta = new XLMRobertaModel(config, false, init);
    }

    @Override
    protected Tensor head(Tensor hidden, @Nullable Tensor mask) {
      return classifier.forward(dropout.forward(hidden));
    }

    @Override
    public XLMRobertaModel encoder() {
      return roberta;
    }

    /** Returns the encoder. */
    public XLMRobertaModel roberta() {
      return roberta;
    }

    /** Returns the classifier. */
    public Linear classifier() {
      return classifier;
    }
  }
}
