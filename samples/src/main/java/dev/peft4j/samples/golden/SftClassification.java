package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Storage;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.SequenceClassifier;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.Tuner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Sequence classification on the folder's model with its adapter and a trained {@code score}. */
final class SftClassification {
  private static final double TOLERANCE = 1e-5;

  private SftClassification() {}

  /** Returns an entry for each case of {@code cls.json}. */
  static List<GoldenEntry> entries(Path folder, Path file) throws IOException {
    List<GoldenEntry> entries = new ArrayList<>();
    for (JsonNode c : SftCase.read(file).path("cases")) {
      String name = c.path("name").asText();
      int labels = c.path("labels").asInt();
      entries.add(
          new GoldenEntry("cls/" + name, () -> SftCase.run(() -> run(folder, name, labels))));
    }
    return entries;
  }

  private static CaseResult run(Path folder, String name, int labels) throws IOException {
    SafeTensors io = SafeTensors.open(folder.resolve("cls.safetensors"));
    SequenceClassifier model = Transformers.sequenceClassifier(folder.resolve("model"), labels);
    AdaptedModel<SequenceClassifier> adapted =
        adapted(model, folder.resolve("adapter"), io, labels);
    Map<String, Tensor> in = GoldenCase.starting(name + "/", io);
    model.train();
    Tensor logits =
        model.forward(Objects.requireNonNull(in.get("input_ids")), in.get("attention_mask"));
    Tensor loss = model.loss(logits, Objects.requireNonNull(in.get("labels")));
    loss.backward();
    Difference output = Difference.scaled("output", TOLERANCE);
    output.add("logits", logits, in.get("logits"));
    Difference losses = Difference.scaled("loss", TOLERANCE);
    losses.add("loss", loss.reshape(1), Objects.requireNonNull(in.get("loss")).reshape(1));
    Map<String, Tensor> theirs = GoldenCase.starting(name + "/grad.", io);
    Difference gradients = Difference.relative("gradients", TOLERANCE, theirs.values());
    List<String> wrong = new ArrayList<>();
    for (NamedParameter p : adapted.namedParameters()) {
      if (p.parameter().trainable()) {
        Tensor g = p.parameter().grad();
        if (g == null) {
          wrong.add("no gradient reached " + p.name());
        } else {
          gradients.add(p.name(), g, theirs.get(p.name()));
        }
      }
    }
    return CaseResult.of(List.of(output, losses, gradients), wrong);
  }

  private static AdaptedModel<SequenceClassifier> adapted(
      SequenceClassifier model, Path adapter, SafeTensors io, int labels) throws IOException {
    Path file = adapter.resolve(PeftFormat.CONFIG_FILE);
    ObjectNode settings = (ObjectNode) SftCase.read(file);
    settings.putArray("modules_to_save").add("score");
    settings.put("task_type", "SEQ_CLS");
    AdapterConfig config = AdapterConfig.of(settings);
    List<String> tuners = Tuner.all().stream().map(Tuner::peftType).toList();
    AdaptedModel<SequenceClassifier> adapted =
        PeftModel.of(model, Tuner.of(config.peftType(tuners)).read(config));
    Map<String, StoredTensor> weights = AdapterFolder.read(adapter).tensors();
    for (NamedParameter p : adapted.namedParameters()) {
      if (!p.parameter().trainable()) {
        continue;
      }
      StoredTensor given = weights.get(p.name().replace(".default.", "."));
      Storage value =
          given != null
              ? given.storage()
              : Storage.of(
                  rows(io.storage("score.weight").toFloats(), p.parameter().shape().size()));
      p.parameter().set(value);
    }
    return adapted;
  }

  private static float[] rows(float[] all, int count) {
    return Arrays.copyOf(all, count);
  }
}
