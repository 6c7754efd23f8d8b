package dev.peft4j.transformers;

import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** The sum of word, position and type embeddings, normalised. */
public final class BertEmbeddings extends Module {
  private final Embedding wordEmbeddings;
  private final Embedding positionEmbeddings;
  private final Embedding tokenTypeEmbeddings;

  @CheckpointName("LayerNorm")
  private final LayerNorm layerNorm;

  private final Dropout dropout;

  BertEmbeddings(EncoderConfig config, Init init) {
    int size = config.embeddingSize();
    this.wordEmbeddings = init.embedding(config.vocabSize(), size, 0);
    this.positionEmbeddings = init.embedding(config.maxPositions(), size);
    this.tokenTypeEmbeddings = init.embedding(config.typeVocabSize(), size);
    this.layerNorm = new LayerNorm(size, (float) config.layerNormEps());
    this.dropout = new Dropout(config.hiddenDropout());
  }

  /**
   * Returns the embeddings (batch, tokens, embedding size).
   *
   * @param ids (batch, tokens)
   * @param typeIds like ids, or null for all zero
   * @param inputs gives the embeddings of words with virtual tokens in front
   */
  Tensor forward(Tensor ids, @Nullable Tensor typeIds, UnaryOperator<Tensor> inputs) {
    Tensor words = inputs.apply(wordEmbeddings.forward(ids));
    int tokens = words.dim(1);
    // a single row each, broadcast over the batch
    Tensor positions = Tensor.of(LongStream.range(0, tokens).toArray(), 1, tokens);
    Tensor types = Encoder.typesOfAll(typeIds, tokens);
    Tensor sum =
        words.add(tokenTypeEmbeddings.forward(types)).add(positionEmbeddings.forward(positions));
    return dropout.forward(layerNorm.forward(sum));
  }

  /** Returns the table with a row for each token of the vocabulary. */
  public Embedding wordEmbeddings() {
    return wordEmbeddings;
  }

  /** Returns the table with a row for each position. */
  public Embedding positionEmbeddings() {
    return positionEmbeddings;
  }

  /** Returns the table with a row for each type of token. */
  public Embedding tokenTypeEmbeddings() {
    return tokenTypeEmbeddings;
  }

  /** Returns the normalisation of the sum. */
  public LayerNorm layerNorm() {
    return layerNorm;
  }

  /** Returns the dropout of the result. */
  public Dropout dropout() {
    return dropout;
  }
}
