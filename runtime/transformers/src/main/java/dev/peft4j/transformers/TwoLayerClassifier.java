package dev.peft4j.transformers;

import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A classifier of texts by two layers on the first token's hidden state, as in RoBERTa.
 *
 * @param <E> the encoder, whose class says its name in files ({@link CheckpointName})
 */
public abstract class TwoLayerClassifier<E extends Encoder> extends SequenceClassifier {
  @CheckpointName(CheckpointName.OF_CLASS)
  private final E encoder;

  private final ClassificationHead classifier;

  /**
   * Creates a classifier for the labels of the encoder's settings.
   *
   * @param activation between the layers
   */
  protected TwoLayerClassifier(E encoder, Activation activation, Init init) {
    EncoderConfig config = encoder.config();
    this.encoder = encoder;
    this.classifier =
        new ClassificationHead(config, activation, config.dropoutOfClassifier(), init);
  }

  @Override
  protected Tensor head(Tensor hidden, @Nullable Tensor mask) {
    return classifier.forward(hidden);
  }

  @Override
  public final E encoder() {
    return encoder;
  }

  /** Returns the classifier. */
  public final ClassificationHead classifier() {
    return classifier;
  }
}
