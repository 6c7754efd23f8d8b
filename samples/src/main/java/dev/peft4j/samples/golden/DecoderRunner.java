package dev.peft4j.samples.golden;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderFamily;
import dev.peft4j.transformers.ModelFamily;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.Tuner;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Runs a case of a decoder: what transformers computes, then what peft does with two adapters. */
final class DecoderRunner {
  /** The label of tokens that are not counted. */
  private static final int IGNORED = -100;

  private DecoderRunner() {}

  /** Returns whether a case is of a decoder. */
  static boolean takes(GoldenCase golden) throws IOException {
    return golden.kind().equals("causal-lm") || classifies(golden);
  }

  private static boolean classifies(GoldenCase golden) throws IOException {
    return golden.kind().equals("decoder-sequence-classification");
  }

  static CaseResult run(GoldenCase golden) throws IOException {
    boolean known =
        ModelFamily.all().stream()
            .anyMatch(
                f -> f instanceof DecoderFamily && f.modelType().equals(golden.modelTypeOrEmpty()));
    if (!known) {
      return CaseResult.unsupported("model type " + golden.modelType());
    }
    SafeTensors io = golden.io();
    CaseResult whole =
        classifies(golden)
            ? DecoderClassifierRunner.compare(golden, io)
            : new DecoderCheck(golden, io).run();
    List<Difference> differences = new ArrayList<>(whole.differences());
    List<String> reasons = new ArrayList<>(whole.reasons());
    for (String name : golden.adapters()) {
      CaseResult result = adapter(golden, name, io);
      differences.addAll(result.differences());
      result.reasons().forEach(r -> reasons.add(name + ": " + r));
    }
    return new CaseResult(
        reasons.isEmpty() ? CaseResult.Status.OK : CaseResult.Status.FAILED,
        Difference.largestOfEach(differences),
        List.copyOf(reasons));
  }

  private static CaseResult adapter(GoldenCase golden, String name, SafeTensors io)
      throws IOException {
    AdapterConfig file = AdapterConfig.read(golden.adapter(name).resolve(PeftFormat.CONFIG_FILE));
    PeftConfig config =
        Tuner.of(file.peftType(Tuner.all().stream().map(Tuner::peftType).toList())).read(file);
    boolean attention = name.equals("attn");
    boolean half = golden.hasStoredType();
    CaseResult result = adapter(golden, name, config, attention && !half, io, null);
    if (!half) {
      return result;
    }
    // what is merged was merged in float32
    CaseResult whole = adapter(golden, name, config, attention, io, Encodings.FLOAT32);
    List<Difference> differences = new ArrayList<>(result.differences());
    differences.addAll(whole.differences());
    List<String> reasons = new ArrayList<>(result.reasons());
    reasons.addAll(whole.reasons());
    return CaseResult.of(Difference.largestOfEach(differences), reasons);
  }

  private static CaseResult adapter(
      GoldenCase golden,
      String name,
      PeftConfig config,
      boolean merges,
      SafeTensors io,
      @Nullable Encoding encoding)
      throws IOException {
    OfPeft peft =
        new OfPeft(
            "lora." + name + ".",
            golden.adapter(name),
            name.equals("attn") ? golden.parameters() : null,
            golden.trainable(name),
            golden.optimizer(),
            merges,
            true);
    Map<String, Tensor> inputs = GoldenCase.starting("right.", io);
    Tensor labels = GoldenCase.tensor(io, classifies(golden) ? "input.target" : "right.labels");
    return new AdapterRun(peft, () -> model(golden, encoding), config, io, inputs, labels).run();
  }

  private static CaseModel model(GoldenCase golden, @Nullable Encoding encoding)
      throws IOException {
    if (classifies(golden)) {
      return DecoderClassifierRunner.model(golden.modelFolder());
    }
    return model(
        encoding == null
            ? Transformers.causalLm(golden.modelFolder())
            : Transformers.causalLm(golden.modelFolder(), encoding));
  }

  /** Returns a model with the loss of the next token. */
  static CaseModel model(CausalLm model) {
    return new CaseModel(
        model,
        in -> model.forward(Objects.requireNonNull(in.get("input_ids")), in.get("attention_mask")),
        DecoderRunner::loss);
  }

  /** Returns the mean loss of the next token of each, where it is counted. */
  static Tensor loss(Tensor logits, Tensor labels) {
    int tokens = logits.dim(1);
    int rows = logits.dim(0) * (tokens - 1);
    return logits
        .slice(1, 0, tokens - 1)
        .reshape(rows, logits.dim(2))
        .crossEntropy(labels.slice(1, 1, tokens).reshape(rows), IGNORED);
  }
}
