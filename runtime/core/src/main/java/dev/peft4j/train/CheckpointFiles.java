package dev.peft4j.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.Peft4jException;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.log.Log;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.Optimizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The parts of a run that a checkpoint stores, with code to write and read them.
 *
 * @param subject what is trained and stored
 * @param optimizer the optimizer, which trains only parameters of the subject
 * @param rng the generator that is current while training
 * @param batchesInEpoch batches of the data
 * @param baseRate the learning rate that the schedule multiplies
 * @param run what the run was started with
 * @param settings those of the run
 */
record CheckpointFiles(
    Subject subject,
    Optimizer optimizer,
    Rng rng,
    int batchesInEpoch,
    float baseRate,
    RunRecord run,
    TrainingSettings settings) {
  /**
   * A run as it was at a checkpoint.
   *
   * @param changes what is different now, in words
   */
  record Restored(TrainingState state, RunCourse course, List<String> changes) {}

  private static final Log LOG = Log.of(Checkpoint.class);
  private static final String TRAINER = "trainer";

  /** Writes everything into an existing folder. */
  void write(Path folder, TrainingState state, RunCourse course) throws IOException {
    subject.save(folder);
    OptimizerFile.write(folder, optimizer);
    Manifest manifest = Manifest.of(folder, state);
    ObjectNode tree = manifest.tree();
    tree.put("trains", subject.kind());
    tree.put("base_model", subject.fingerprint());
    tree.put("batches_in_epoch", batchesInEpoch);
    ObjectNode o = tree.putObject("optimizer");
    o.put("kind", optimizer.kind()).put("settings", optimizer.toString());
    o.put("steps", optimizer.steps()).put("learning_rate", Float.toString(baseRate));
    optimizer.parameters().forEach(p -> o.withArray("parameters").add(p.name()));
    ObjectNode random = tree.putObject("random");
    generators()
        .forEach(
            (name, g) ->
                random.putObject(name).put("seed", g.seed()).put("position", g.position()));
    run.write(manifest);
    course.write(manifest);
    manifest.write();
  }

  /**
   * Restores everything. Nothing is changed unless everything fits.
   *
   * @throws IOException if a file is missing or damaged
   * @throws CheckpointException if it belongs to something else
   */
  Restored read(Checkpoint checkpoint) throws IOException {
    Path folder = checkpoint.folder();
    Manifest manifest = Manifest.read(folder);
    manifest.verify();
    TrainingState state = manifest.state();
    if (state.step() != checkpoint.step()) {
      throw new FileFormatException(
          folder, "is of step " + state.step() + ", its name says " + checkpoint.step());
    }
    RunRecord was;
    RunCourse course;
    try {
      was = RunRecord.read(manifest);
      course = RunCourse.read(manifest);
    } catch (NumberFormatException e) {
      throw new FileFormatException(
          manifest.file(), "has a text where a number belongs: " + e.getMessage(), e);
    }
    requireSame(folder, manifest, was);
    List<String> changes = changes(manifest, was);
    SequencedMap<String, Rng> generators = generators();
    JsonNode random = manifest.get("random");
    List<String> saved = new ArrayList<>();
    random.fieldNames().forEachRemaining(saved::add);
    if (!saved.containsAll(generators.keySet()) || saved.size() != generators.size()) {
      throw other(
          folder,
          "model",
          "it has random generators " + saved + ", the model has " + generators.keySet());
    }
    List<SequencedMap<String, Variable>> states = OptimizerFile.read(folder, optimizer);
    FileFormatException misshaped = OptimizerFile.misshaped(folder, states, optimizer);
    List<Storage> before =
        misshaped == null
            ? List.of()
            : optimizer.parameters().stream().map(p -> p.own().copy()).toList();
    try {
      subject.load(folder);
    } catch (IllegalArgumentException | Peft4jException e) {
      throw new CheckpointException(
          "checkpoint " + folder + " is of another model: " + e.getMessage(), e);
    }
    if (misshaped != null) { // the model fits, so the file is damaged and nothing is taken of it
      for (int i = 0; i < before.size(); i++) {
        optimizer.parameters().get(i).set(before.get(i));
      }
      throw misshaped;
    }
    for (int i = 0; i < states.size(); i++) {
      optimizer.states().get(i).clear();
      optimizer.states().get(i).putAll(states.get(i));
    }
    optimizer.zeroGrad();
    optimizer.steps(manifest.get("optimizer").path("steps").longValue());
    generators.forEach(
        (name, g) -> {
          JsonNode saw = random.path(name);
          g.restore(saw.path("seed").longValue(), saw.path("position").longValue());
        });
    if (!changes.isEmpty()) {
      LOG.warn("resuming from {}, which was made with {}", folder, String.join("; ", changes));
    }
    return new Restored(state, course, changes);
  }

  private void requireSame(Path folder, Manifest manifest, RunRecord was) {
    requireNone(folder, "run", made(RunRecord.differences(was.about(), run.about())));
    String trains = manifest.tree().path("trains").asText("adapters"); // as earlier versions did
    if (!trains.equals(subject.kind())) {
      throw other(folder, "run", "it trains " + trains + ", this one " + subject.kind());
    }
    JsonNode o = manifest.get("optimizer");
    String kind = kind(o);
    if (!kind.equals(optimizer.kind())) {
      throw other(folder, "optimizer", "it is of " + kind + ", this is " + optimizer.kind());
    }
    if (!manifest.get("base_model").asText().equals(subject.fingerprint())) {
      throw subject instanceof Subject.Adapters
          ? other(folder, "base model", "names, shapes or values of the base's parameters differ")
          : other(
              folder,
              "model",
              "names or shapes of the parameters, or values of those that are frozen, differ");
    }
    List<String> saved = new ArrayList<>();
    o.path("parameters").forEach(p -> saved.add(p.asText()));
    List<String> now = optimizer.parameters().stream().map(Parameter::name).toList();
    if (!saved.equals(now)) {
      throw other(folder, "optimizer", "it trains " + saved + ", this one trains " + now);
    }
    List<String> data = made(RunRecord.differences(was.data(), run.data()));
    int batches = manifest.get("batches_in_epoch").intValue();
    if (batches != batchesInEpoch) {
      data.addFirst("it has " + batches + " batches an epoch, this has " + batchesInEpoch);
    }
    requireNone(folder, "data", data);
    requireNone(folder, "run", made(was.settingsThatDiffer(run, settings)));
  }

  private static List<String> made(List<String> differences) {
    return differences.isEmpty()
        ? differences
        : new ArrayList<>(List.of("it was made with " + String.join("; ", differences)));
  }

  /** Returns the kind of optimizer; earlier versions wrote the name of the class. */
  private static String kind(JsonNode optimizer) {
    String type = optimizer.path("type").asText();
    return optimizer.path("kind").asText(type.substring(type.lastIndexOf('.') + 1));
  }

  private List<String> changes(Manifest manifest, RunRecord was) {
    JsonNode o = manifest.get("optimizer");
    List<String> changes = was.changes(run);
    changes.addAll(
        RunRecord.differences(
            Map.of(
                "optimizer", o.path("settings").asText(),
                "learning rate", o.path("learning_rate").asText()),
            Map.of("optimizer", optimizer.toString(), "learning rate", Float.toString(baseRate))));
    return changes;
  }

  private static void requireNone(Path folder, String what, List<String> differences) {
    if (!differences.isEmpty()) {
      throw other(folder, what, String.join("; ", differences));
    }
  }

  private static CheckpointException other(Path folder, String what, String how) {
    return new CheckpointException(
        "checkpoint "
            + folder
            + " is of another "
            + what
            + ": "
            + how
            + ". It can only be resumed as it was started; for another run choose another folder",
        null);
  }

  private SequencedMap<String, Rng> generators() {
    SequencedMap<String, Rng> all = new LinkedHashMap<>();
    all.put(TRAINER, rng);
    subject.generators().forEach((name, g) -> all.put("model." + name, g));
    return all;
  }

  /** Throws if the optimizer trains parameters that a checkpoint would not contain. */
  void requireComplete() {
    subject.requireComplete(optimizer.parameters());
  }
}
