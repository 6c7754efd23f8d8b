package dev.peft4j.transformers;

import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.tensor.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A classifier of texts by one layer on the result of the encoder's pooler, as in BERT.
 *
 * @param <E> the encoder, whose class says its name in files ({@link CheckpointName})
 */
public abstract class PooledClassifier<E extends Encoder> extends SequenceClassifier {
  @CheckpointName(CheckpointName.OF_CLASS)
  private final E encoder;

  private final Dropout dropout;
  private final Linear classifier;

  /**
   * Creates a classifier for the labels of the encoder's settings.
   *
   * @param encoder has a pooler
   */
  protected PooledClassifier(E encoder, Init init) {
    EncoderConfig config = encoder.config();
    this.encoder = encoder;
    this.dropout = new Dropout(config.dropoutOfClassifier());
    this.classifier = init.linear(config.hiddenSize(), config.numLabels());
  }

  @Override
  protected Tensor head(Tensor hidden, @Nullable Tensor mask) {
    Tensor pooled = Objects.requireNonNull(encoder.pooler()).forward(hidden);
    return classifier.forward(dropout.forward(pooled));
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
