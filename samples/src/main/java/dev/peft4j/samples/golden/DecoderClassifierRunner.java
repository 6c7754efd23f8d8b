package dev.peft4j.samples.golden;

import dev.peft4j.io.SafeTensors;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.SequenceClassifier;
import dev.peft4j.transformers.Transformers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Runs the model of a case of a decoder with a classifier of whole texts. */
final class DecoderClassifierRunner {
  private static final double TOLERANCE = 1e-5;

  private DecoderClassifierRunner() {}

  static CaseModel model(Path folder) throws IOException {
    SequenceClassifier model = Transformers.sequenceClassifier(folder);
    return new CaseModel(model, in -> forward(model, in), model::loss);
  }

  private static Tensor forward(SequenceClassifier model, Map<String, Tensor> in) {
    return model.forward(Objects.requireNonNull(in.get("input_ids")), in.get("attention_mask"));
  }

  static CaseResult compare(GoldenCase golden, SafeTensors io) throws IOException {
    SequenceClassifier model = Transformers.sequenceClassifier(golden.modelFolder());
    Difference output = Difference.scaled("output", TOLERANCE);
    Map<String, Tensor> right = GoldenCase.starting("right.", io);
    Tensor logits = forward(model, right);
    output.add("right.output", logits, right.get("output"));
    Map<String, Tensor> left = GoldenCase.starting("left.", io);
    output.add("left.output", forward(model, left), left.get("output"));
    if (java.nio.file.Files.exists(golden.hubConfig())) {
      Tensor other =
          HubConfig.with(golden, f -> forward(Transformers.sequenceClassifier(f), right));
      output.add("hub_config's output", other, right.get("output"));
    }
    Difference loss = new Difference("loss", TOLERANCE);
    Tensor target = GoldenCase.tensor(io, "input.target");
    loss.add("right.loss", model.loss(logits, target).reshape(1), right.get("loss"));
    Difference hidden = Difference.scaled("hidden", TOLERANCE);
    List<Tensor> states =
        model
            .encoder()
            .hiddenStates(
                Objects.requireNonNull(right.get("input_ids")), right.get("attention_mask"), null);
    for (int i = 0; i < states.size(); i++) {
      hidden.add("right.hidden." + i, states.get(i), right.get("hidden." + i));
    }
    return CaseResult.of(List.of(hidden, output, loss), List.of());
  }
}
