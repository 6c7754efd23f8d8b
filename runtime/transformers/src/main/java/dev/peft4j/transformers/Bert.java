package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;
import java.util.List;

/** The family of BERT (Devlin et al. 2019). */
@AutoService(ModelFamily.class)
public final class Bert implements ModelFamily {
  @Override
  public String modelType() {
    return "bert";
  }

  @Override
  public String classPrefix() {
    return "Bert";
  }

  @Override
  public String prefix() {
    return "bert";
  }

  @Override
  public List<String> betweenLayers() {
    return List.of("bert.pooler");
  }

  @Override
  public EncoderConfig config(ConfigReader in, boolean head) throws FileFormatException {
    return EncoderConfig.builder().read(in, head).build();
  }

  @Override
  public BertModel encoder(EncoderConfig config, boolean pooler, Init init) {
    return new BertModel(config, pooler, init);
  }

  @Override
  public BertForSequenceClassification sequenceClassifier(EncoderConfig config, Init init) {
    return new BertForSequenceClassification(config, init);
  }

  @Override
  public BertForTokenClassification tokenClassifier(EncoderConfig config, Init init) {
    return new BertForTokenClassification(config, init);
  }
}
