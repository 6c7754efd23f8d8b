package dev.peft4j.transformers;

import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A classifier of tokens by one layer on their hidden states, as most families have it.
 *
 * @param <E> the encoder, whose class says its name in files ({@link CheckpointName})
 */
public abstract class LinearTokenClassifier<E extends Encoder> extends TokenClassifier {
  @CheckpointName(CheckpointName.OF_CLASS)
  private final E encoder;

  private final Dropout dropout;
  private final Linear classifier;

  /** Creates a classifier for the labels of the encoder's settings. */
  protected LinearTokenClassifier(E encoder, Init init) {
    this(encoder, encoder.config().dropoutOfClassifier(), init);
  }

  /**
   * Creates a classifier for the labels of the encoder's settings.
   *
   * @param dropout before the classifier
   */
  protected LinearTokenClassifier(E encoder, double dropout, Init init) {
    EncoderConfig config = encoder.config();
    this.encoder = encoder;
    this.dropout = new Dropout(dropout);
    this.classifier = init.linear(config.hiddenSize(), config.numLabels());
  }

  @Override
  protected Tensor head(Tensor hidden, @Nullable Tensor mask) {
    return classifier.forward(dropout.forward(hidden));
  }

  @Override
  public final E encoder() {
    return encoder;
  }

  /** Returns the dropout before the classifier. */
  public final Dropout dropout() {
    return dropout;
  }

  /** Returns the classifier. */
  public final Linear classifier() {
    return classifier;
  }
}
