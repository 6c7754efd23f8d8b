package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * ELECTRA (Clark et al. 2020): BERT's layers, with embeddings of another size that are projected to
 * it, and a classifier of two layers.
 */
@AutoService(ModelFamily.class)
public final class Electra implements ModelFamily {
  @Override
  public String modelType() {
    return "electra";
  }

  @Override
  public String classPrefix() {
    return "Electra";
  }

  @Override
  public String prefix() {
    return "electra";
  }

  @Override
  public List<String> parts() {
    return List.of("embeddings", "embeddings_project", "encoder");
  }

  @Override
  public List<String> foreignHeads() {
    return List.of(
        "discriminator_predictions.",
        "generator_predictions.",
        "generator_lm_head.",
        "qa_outputs.");
  }

  @Override
  public String outputLayer() {
    return "classifier.out_proj";
  }

  @Override
  public EncoderConfig config(ConfigReader in, boolean head) throws FileFormatException {
    return EncoderConfig.builder()
        .hiddenSize(256)
        .heads(4)
        .intermediateSize(1024)
        .read(in, head)
        .embeddingSize(in.wholeNumber("embedding_size", 1, 128))
        .build();
  }

  @Override
  public ElectraModel encoder(EncoderConfig config, boolean pooler, Init init) {
    return new ElectraModel(config, init);
  }

  @Override
  public ElectraForSequenceClassification sequenceClassifier(EncoderConfig config, Init init) {
    return new ElectraForSequenceClassification(config, init);
  }

  @Override
  public ElectraForTokenClassification tokenClassifier(EncoderConfig config, Init init) {
    return new ElectraForTokenClassification(config, init);
  }

  /** The ELECTRA encoder. */
  @CheckpointName("electra")
  public static final class ElectraModel extends Encoder {
    private final BertEmbeddings embeddings;
    private final @Nullable Linear embeddingsProject;
    private final BertEncoder encoder;

    /** Creates a model whose layers {@code init} makes. */
    public ElectraModel(EncoderConfig config, Init init) {
      super(config);
      int size = config.embeddingSize();
      int hidden = config.hiddenSize();
      this.embeddings = new BertEmbeddings(config, init);
      this.embeddingsProject = size == hidden ? null : init.linear(size, hidden);
      this.encoder = new BertEncoder(config, init);
    }

    @Override
    protected Tensor embed(Tensor ids, @Nullable Tensor typeIds) {
      Tensor x = embeddings.forward(ids, typeIds, this::withVirtual);
      return embeddingsProject == null ? x : embeddingsProject.forward(x);
    }

    @Override
    protected Tensor encode(Tensor x, @Nullable Tensor mask, Consumer<Tensor> layerInput) {
      return encoder.forward(x, mask, layerInput);
    }

    @Override
    protected Embedding inputTable() {
      return embeddings.wordEmbeddings();
    }

    /** Returns the embeddings. */
    public BertEmbeddings embeddings() {
      return embeddings;
    }

    /** Returns the projection of embeddings to hidden size; null if they have that size. */
    public @Nullable Linear embeddingsProject() {
      return embeddingsProject;
    }

    /** Returns the layers. */
    public BertEncoder encoder() {
      return encoder;
    }

    @Override
    public String modelType() {
      return "electra";
    }
  }

  /** ELECTRA with a classifier of whole texts. */
  public static class ElectraForSequenceClassification extends TwoLayerClassifier<ElectraModel> {
    /** Creates a model whose layers {@code init} makes. */
    public ElectraForSequenceClassification(EncoderConfig config, Init init) {
      super(new ElectraModel(config, init), Activation.GELU, init);
    }

    /** Returns the encoder. */
    public ElectraModel electra() {
      return encoder();
    }
  }

  /** ELECTRA with a classifier of each token. */
  public static class ElectraForTokenClassification extends LinearTokenClassifier<ElectraModel> {
    /** Creates a model whose layers {@code init} makes. */
    public ElectraForTokenClassification(EncoderConfig config, Init init) {
      super(new ElectraModel(config, init), init);
    }

    /** Returns the encoder. */
    public ElectraModel electra() {
      return encoder();
    }
  }
}
