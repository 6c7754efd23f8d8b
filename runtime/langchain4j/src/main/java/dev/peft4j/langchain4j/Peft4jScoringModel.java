package dev.peft4j.langchain4j;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import dev.langchain4j.model.scoring.ScoringModel;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.SequenceClassifier;
import dev.peft4j.transformers.TokenBatch;
import dev.peft4j.transformers.Tokenizer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A classifier of pairs of texts, with or without an adapter, as LangChain4j's {@link
 * ScoringModel}: how well a text answers a query. With one output, as cross-encoders have, the
 * score is that number; with several it is the probability of a label, the last one unless it is
 * set.
 */
public final class Peft4jScoringModel implements ScoringModel {
  private final SequenceClassifier classifier;
  private final Tokenizer tokenizer;
  private final Acting acting;
  private final int label;
  private final int batchSize;

  private Peft4jScoringModel(Builder b) {
    if (b.classifier == null || b.tokenizer == null) {
      throw new IllegalArgumentException(
          "a scoring model needs a classifier and a tokenizer: builder().classifier(...)"
              + ".tokenizer(...)");
    }
    this.classifier = b.classifier;
    this.tokenizer = b.tokenizer;
    this.acting = b.acting.of(classifier);
    int labels = classifier.config().numLabels();
    this.label = b.label == null ? labels - 1 : b.label;
    if (label < 0 || label >= labels) {
      throw new IllegalArgumentException(
          "label is " + label + ", the classifier has 0 to " + (labels - 1));
    }
    this.batchSize = b.batchSize;
  }

  /** Returns a builder. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public Response<List<Double>> scoreAll(List<TextSegment> segments, String query) {
    List<String> texts = segments.stream().map(TextSegment::text).toList();
    List<Double> all = new ArrayList<>();
    int tokens = 0;
    for (int from = 0; from < texts.size(); from += batchSize) {
      List<String> part = texts.subList(from, Math.min(texts.size(), from + batchSize));
      TokenBatch batch = tokenizer.encode(Collections.nCopies(part.size(), query), part);
      all.addAll(acting.call(() -> scores(batch)));
      for (long m : batch.attentionMask().toLongs()) {
        tokens += (int) m;
      }
    }
    return Response.from(all, new TokenUsage(tokens));
  }

  private List<Double> scores(TokenBatch batch) {
    Tensor logits = classifier.forward(batch);
    int labels = logits.dim(1);
    float[] values = logits.toFloats();
    List<Double> all = new ArrayList<>();
    for (int row = 0; row < batch.size(); row++) {
      if (labels == 1) {
        all.add((double) values[row]);
        continue;
      }
      double sum = 0;
      double own = values[row * labels + label];
      for (int i = 0; i < labels; i++) {
        sum += Math.exp(values[row * labels + i] - own);
      }
      all.add(1 / sum);
    }
    return all;
  }

  /** A builder of {@link Peft4jScoringModel}. */
  public static final class Builder {
    private @Nullable SequenceClassifier classifier;
    private @Nullable Tokenizer tokenizer;
    private final Acting.Builder acting = new Acting.Builder();
    private @Nullable Integer label;
    private int batchSize = 32;

    private Builder() {}

    /** Sets the model, which reads the query and a text as a pair. */
    public Builder classifier(SequenceClassifier value) {
      classifier = value;
      return this;
    }

    /** Sets the tokenizer, which truncates pairs to its maximum length. */
    public Builder tokenizer(Tokenizer value) {
      tokenizer = value;
      return this;
    }

    /** Sets the adapters of the classifier. */
    public Builder adapters(dev.peft4j.tuner.AdapterSet value) {
      acting.set = value;
      return this;
    }

    /** Sets the adapter that acts: one of {@link #adapters}; those that are active otherwise. */
    public Builder adapter(@Nullable String name) {
      acting.name = name;
      return this;
    }

    /** Sets the label whose probability is the score, from 0 on. */
    public Builder label(int value) {
      label = value;
      return this;
    }

    /** Sets how many texts are computed at once, 32 unless it is set. */
    public Builder batchSize(int value) {
      if (value < 1) {
        throw new IllegalArgumentException("batchSize is " + value + ", must be at least 1");
      }
      batchSize = value;
      return this;
    }

    /**
     * Returns the model.
     *
     * @throws IllegalArgumentException if classifier or tokenizer are missing, or there is no such
     *     label or adapter
     */
    public Peft4jScoringModel build() {
      return new Peft4jScoringModel(this);
    }
  }
}
