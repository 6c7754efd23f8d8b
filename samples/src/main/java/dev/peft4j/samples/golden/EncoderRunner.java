package dev.peft4j.samples.golden;

import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.Encoder;
import dev.peft4j.transformers.EncoderClassifier;
import dev.peft4j.transformers.ModelFamily;
import dev.peft4j.transformers.SequenceClassifier;
import dev.peft4j.transformers.TokenClassifier;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.Tuner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Runs a case of an encoder: what transformers computes, then what peft does with two adapters. */
final class EncoderRunner {
  private static final double TOLERANCE = 1e-5;

  private EncoderRunner() {}

  static CaseResult run(GoldenCase golden) throws IOException {
    List<String> kinds = List.of("sequence-classification", "token-classification");
    if (!kinds.contains(golden.kind())) {
      return CaseResult.unsupported(golden.kind() + " of " + golden.modelType());
    }
    List<String> families = ModelFamily.all().stream().map(ModelFamily::modelType).toList();
    if (!families.contains(golden.modelType())) {
      return CaseResult.unsupported("model type " + golden.modelType());
    }
    SafeTensors io = golden.io();
    CaseResult whole = compareModel(golden, io);
    List<Difference> differences = new ArrayList<>(whole.differences());
    List<String> reasons = new ArrayList<>(whole.reasons());
    for (String name : golden.adapters()) {
      AdapterConfig file = AdapterConfig.read(golden.adapter(name).resolve(PeftFormat.CONFIG_FILE));
      PeftConfig config =
          Tuner.of(file.peftType(Tuner.all().stream().map(Tuner::peftType).toList())).read(file);
      boolean attention = name.equals("attn");
      OfPeft peft =
          new OfPeft(
              "lora." + name + ".",
              golden.adapter(name),
              attention ? golden.parameters() : null,
              golden.trainable(name),
              golden.optimizer(),
              attention,
              true);
      CaseResult result = new AdapterRun(peft, () -> model(golden), config, io).run();
      differences.addAll(result.differences());
      result.reasons().forEach(r -> reasons.add(name + ": " + r));
    }
    return new CaseResult(
        reasons.isEmpty() ? CaseResult.Status.OK : CaseResult.Status.FAILED,
        Difference.largestOfEach(differences),
        List.copyOf(reasons));
  }

  private static CaseModel model(GoldenCase golden) throws IOException {
    EncoderClassifier model = load(golden);
    return new CaseModel(model, in -> forward(model, in), (out, y) -> loss(model, out, y));
  }

  private static EncoderClassifier load(GoldenCase golden) throws IOException {
    return load(golden, golden.modelFolder());
  }

  private static EncoderClassifier load(GoldenCase golden, Path folder) throws IOException {
    return golden.kind().startsWith("token")
        ? Transformers.tokenClassifier(folder)
        : Transformers.sequenceClassifier(folder);
  }

  private static Tensor forward(EncoderClassifier model, Map<String, Tensor> in) {
    return model.forward(
        Objects.requireNonNull(in.get("input_ids")),
        in.get("attention_mask"),
        in.get("token_type_ids"));
  }

  private static Tensor loss(EncoderClassifier model, Tensor out, Tensor target) {
    return switch (model) {
      case SequenceClassifier m -> m.loss(out, target);
      case TokenClassifier m -> m.loss(out, target);
      default -> throw new IllegalStateException("no loss of " + model.getClass());
    };
  }

  /** Compares the model itself: hidden states, logits, the loss, logits without a mask. */
  private static CaseResult compareModel(GoldenCase golden, SafeTensors io) throws IOException {
    Map<String, Tensor> in = GoldenCase.starting("input.", io);
    EncoderClassifier model = load(golden);
    Difference hidden = Difference.scaled("hidden", TOLERANCE);
    compareHidden(hidden, "", model.encoder(), in, io);
    compareHidden(hidden, "encoder's ", Transformers.encoder(golden.modelFolder()), in, io);
    Difference output = Difference.scaled("output", TOLERANCE);
    Tensor logits = forward(model, in);
    output.add("output", logits, GoldenCase.tensor(io, "output"));
    Tensor ids = Objects.requireNonNull(in.get("input_ids"));
    output.add("output_no_mask", model.forward(ids, null), GoldenCase.tensor(io, "output_no_mask"));
    if (Files.exists(golden.hubConfig())) {
      Tensor other = HubConfig.with(golden, f -> forward(load(golden, f), in));
      output.add("hub_config's output", other, GoldenCase.tensor(io, "output"));
    }
    Difference loss = new Difference("loss", TOLERANCE);
    Tensor target = Objects.requireNonNull(in.get("target"));
    loss.add("loss", loss(model, logits, target).reshape(1), GoldenCase.tensor(io, "loss"));
    return CaseResult.of(List.of(hidden, output, loss), List.of());
  }

  private static void compareHidden(
      Difference hidden, String whose, Encoder encoder, Map<String, Tensor> in, SafeTensors io)
      throws IOException {
    List<Tensor> states =
        encoder.hiddenStates(
            Objects.requireNonNull(in.get("input_ids")),
            in.get("attention_mask"),
            in.get("token_type_ids"));
    for (int i = 0; i < states.size(); i++) {
      hidden.add(whose + "hidden." + i, states.get(i), GoldenCase.tensor(io, "hidden." + i));
    }
  }
}
