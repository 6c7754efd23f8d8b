package dev.peft4j.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.request.EmbeddingInput;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import dev.langchain4j.model.output.TokenUsage;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.Encoder;
import dev.peft4j.transformers.Pooling;
import dev.peft4j.transformers.TokenBatch;
import dev.peft4j.transformers.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * An encoder, with or without an adapter, as LangChain4j's {@link EmbeddingModel}. A text's vector
 * is the mean of its tokens' states, of length 1, as in most models of sentence-transformers,
 * unless it is set otherwise.
 *
 * <pre>{@code
 * var model = Peft4jEmbeddingModel.builder().encoder(Transformers.encoder(folder)).tokenizer(tokenizer).build();
 * }</pre>
 */
public final class Peft4jEmbeddingModel implements EmbeddingModel {
  private final Encoder encoder;
  private final Tokenizer tokenizer;
  private final BiFunction<Tensor, Tensor, Tensor> pooling;
  private final boolean normalized;
  private final Acting acting;
  private final String modelName;
  private final int batchSize;

  private Peft4jEmbeddingModel(Builder b) {
    if (b.encoder == null || b.tokenizer == null) {
      throw new IllegalArgumentException(
          "an embedding model needs an encoder and a tokenizer: builder().encoder(...)"
              + ".tokenizer(...)");
    }
    this.encoder = b.encoder;
    this.tokenizer = b.tokenizer;
    this.pooling = b.pooling;
    this.normalized = b.normalized;
    this.acting = b.acting.of(encoder);
    this.modelName = b.modelName;
    this.batchSize = b.batchSize;
  }

  /** Returns a builder. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public EmbeddingResponse doEmbed(EmbeddingRequest request) {
    List<String> texts = request.inputs().stream().map(EmbeddingInput::text).toList();
    List<Embedding> all = new ArrayList<>();
    for (int from = 0; from < texts.size(); from += batchSize) {
      List<String> part = texts.subList(from, Math.min(texts.size(), from + batchSize));
      all.addAll(acting.call(() -> embed(part)));
    }
    int tokens = texts.isEmpty() ? 0 : Arrays.stream(tokenizer.lengths(texts)).sum();
    return EmbeddingResponse.builder()
        .embeddings(all)
        .modelName(modelName)
        .tokenUsage(new TokenUsage(tokens))
        .build();
  }

  private List<Embedding> embed(List<String> texts) {
    TokenBatch batch = tokenizer.encode(texts);
    Tensor pooled = pooling.apply(encoder.forward(batch), batch.attentionMask());
    int width = pooled.dim(1);
    float[] values = pooled.toFloats();
    List<Embedding> all = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      Embedding e = Embedding.from(Arrays.copyOfRange(values, i * width, (i + 1) * width));
      if (normalized) {
        e.normalize();
      }
      all.add(e);
    }
    return all;
  }

  @Override
  public int dimension() {
    return encoder.config().hiddenSize();
  }

  @Override
  public String modelName() {
    return modelName;
  }

  @Override
  public ModelProvider provider() {
    return ModelProvider.OTHER;
  }

  /** A builder of {@link Peft4jEmbeddingModel}. */
  public static final class Builder {
    private @Nullable Encoder encoder;
    private @Nullable Tokenizer tokenizer;
    private BiFunction<Tensor, Tensor, Tensor> pooling = Pooling::mean;
    private boolean normalized = true;
    private final Acting.Builder acting = new Acting.Builder();
    private String modelName = "peft4j";
    private int batchSize = 32;

    private Builder() {}

    /** Sets the model; its adapters are known. It is used in evaluation. */
    public Builder encoder(Encoder value) {
      encoder = value;
      return this;
    }

    /** Sets the tokenizer, which truncates texts to its maximum length. */
    public Builder tokenizer(Tokenizer value) {
      tokenizer = value;
      return this;
    }

    /** Sets the adapters of the encoder. */
    public Builder adapters(dev.peft4j.tuner.AdapterSet value) {
      acting.set = value;
      return this;
    }

    /** Sets the adapter that acts: one of {@link #adapters}; those that are active otherwise. */
    public Builder adapter(@Nullable String name) {
      acting.name = name;
      return this;
    }

    /**
     * Sets how tokens' states become one vector: the mean unless it is set.
     *
     * @param value takes the states (batch, tokens, hidden) and the mask (batch, tokens), and
     *     returns (batch, hidden)
     */
    public Builder pooling(BiFunction<Tensor, Tensor, Tensor> value) {
      pooling = Objects.requireNonNull(value);
      return this;
    }

    /** Sets whether vectors have length 1; they have unless it is set. */
    public Builder normalized(boolean on) {
      normalized = on;
      return this;
    }

    /** Sets the name of the model. */
    public Builder modelName(String value) {
      modelName = value;
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
     * @throws IllegalArgumentException if encoder or tokenizer are missing, or there is no such
     *     adapter
     */
    public Peft4jEmbeddingModel build() {
      return new Peft4jEmbeddingModel(this);
    }
  }
}
