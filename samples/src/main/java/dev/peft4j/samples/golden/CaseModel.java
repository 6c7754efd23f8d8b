package dev.peft4j.samples.golden;

import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.BertForSequenceClassification;
import dev.peft4j.transformers.EncoderConfig;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A base model of the golden cases.
 *
 * @param module the model
 * @param forward its output for inputs by name
 * @param loss the loss of an output and a target
 */
record CaseModel(
    Module module, Function<Map<String, Tensor>, Tensor> forward, BinaryOperator<Tensor> loss) {

  /** Returns a new model of that kind, or null if there is none here. */
  static @Nullable CaseModel of(String kind) {
    return switch (kind) {
      case "base" -> {
        BaseModel m = new BaseModel();
        yield new CaseModel(m, in -> m.forward(input(in, "x")), Tensor::mseLoss);
      }
      case "mlp" -> {
        Mlp m = new Mlp();
        yield new CaseModel(m, in -> m.forward(input(in, "x")), Tensor::crossEntropy);
      }
      case "tagger" -> {
        Tagger m = new Tagger();
        yield new CaseModel(m, in -> m.forward(input(in, "ids")), Tensor::crossEntropy);
      }
      case "conv" -> {
        ConvNet m = new ConvNet();
        yield new CaseModel(m, in -> m.forward(input(in, "x")), Tensor::crossEntropy);
      }
      case "conv1d" -> {
        Conv1dNet m = new Conv1dNet();
        yield new CaseModel(m, in -> m.forward(input(in, "x")), Tensor::crossEntropy);
      }
      case "conv3d" -> {
        Conv3dNet m = new Conv3dNet();
        yield new CaseModel(m, in -> m.forward(input(in, "x")), Tensor::crossEntropy);
      }
      case "convg" -> {
        GroupedConvNet m = new GroupedConvNet();
        yield new CaseModel(m, in -> m.forward(input(in, "x")), Tensor::crossEntropy);
      }
      case "mha" -> {
        AttentionNet m = new AttentionNet();
        yield new CaseModel(m, in -> m.forward(input(in, "x")), Tensor::crossEntropy);
      }
      case "moe", "moet" -> {
        Moe m = new Moe(kind.equals("moet"));
        yield new CaseModel(m, in -> m.forward(input(in, "x")), Tensor::crossEntropy);
      }
      case "bert" -> {
        BertForSequenceClassification m = bert();
        yield new CaseModel(
            m, in -> m.forward(input(in, "input_ids"), input(in, "attention_mask")), m::loss);
      }
      case "llama", "qwen2", "gpt2" -> DecoderRunner.model(SmallDecoders.of(kind));
      default -> null;
    };
  }

  private static BertForSequenceClassification bert() {
    return new BertForSequenceClassification(
        EncoderConfig.builder()
            .hiddenSize(32)
            .intermediateSize(64)
            .layers(2)
            .heads(4)
            .vocabSize(96)
            .maxPositions(64)
            .numLabels(5)
            .dropout(0)
            .build());
  }

  private static Tensor input(Map<String, Tensor> inputs, String name) {
    Tensor t = inputs.get(name);
    if (t == null) {
      throw new IllegalArgumentException(
          "io.safetensors has no input." + name + "; there are inputs " + inputs.keySet());
    }
    return t;
  }
}
