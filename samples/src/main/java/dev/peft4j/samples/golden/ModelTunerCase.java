package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.CallInputs;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.prompt.PromptConfig;
import dev.peft4j.tuner.prompttuning.PromptStart;
import dev.peft4j.tuner.prompttuning.PromptTuningConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A case of a tuner of the whole model. It is loaded as it was saved for what it computes, and made
 * for training, from the parameters that the case has, for losses, gradients and steps.
 */
final class ModelTunerCase {
  private static final double TOLERANCE = 1e-5;
  private static final double ROUNDED = 1e-6;

  /** The beginning of the keys of X-LoRA that peft loses. */
  private static final String LOST = "base_model.internal_xlora_classifier.layers.0.";

  /** Makes the base model. */
  interface Base {
    /** Returns it, with the inputs that it is called with. */
    WholeModel make(Map<String, Tensor> inputs, Tensor target) throws IOException;
  }

  private final GoldenCase golden;
  private final Base base;
  private final PeftConfig config;
  private final SafeTensors io;
  private final Map<String, Tensor> inputs;
  private final Tensor target;
  private final Difference output = Difference.scaled("output", TOLERANCE);
  private final Difference loss = new Difference("loss", TOLERANCE);
  private final Difference gradients = Difference.scaled("gradients", TOLERANCE);
  private final Difference step;
  private final Difference merge = Difference.scaled("merge", TOLERANCE);
  private final List<String> wrong = new ArrayList<>();

  private ModelTunerCase(GoldenCase golden, Base base, PeftConfig config) throws IOException {
    this.golden = golden;
    this.base = base;
    this.config = config;
    this.io = golden.io();
    this.inputs = GoldenCase.starting("input.", io);
    this.target = Objects.requireNonNull(inputs.remove("target"));
    this.step = new Difference("step 3", golden.optimizer().tolerance());
  }

  /** Returns whether a tuner is one of the whole model. */
  static boolean takes(GoldenCase golden) throws IOException {
    return Tuner.all().stream().anyMatch(t -> t.fillsSlots() && namedLike(t, golden));
  }

  private static boolean namedLike(Tuner<?> t, GoldenCase golden) {
    try {
      return t.peftType().equals(golden.tuner());
    } catch (IOException e) {
      return false;
    }
  }

  static CaseResult run(GoldenCase golden, Base base, PeftConfig config) throws IOException {
    return new ModelTunerCase(golden, base, config).run();
  }

  private CaseResult run() throws IOException {
    asSaved();
    compareStart();
    boolean anew = config instanceof PromptConfig<?> && !hasParameters();
    if (!anew || isWhole()) {
      train();
    }
    return CaseResult.of(List.of(output, loss, gradients, step, merge), wrong);
  }

  /** Returns whether the case has parameters that files lack. */
  private boolean hasParameters() {
    return io.names().stream().anyMatch(n -> n.startsWith("param."));
  }

  /** Returns whether the adapter's file has all that is trained. */
  private boolean isWhole() throws IOException {
    return !golden.tuner().equals("P_TUNING");
  }

  private <T> T with(Supplier<T> body) {
    Tensor tasks = inputs.get("task_ids");
    return tasks == null ? body.get() : CallInputs.with("task_ids", tasks, body);
  }

  /** Compares what the saved adapter computes, and that it can be saved and loaded here. */
  private void asSaved() throws IOException {
    WholeModel model = base.make(inputs, target);
    AdaptedModel<Module> adapted = PeftModel.load(model.module(), golden.adapter());
    if (golden.tuner().equals("XLORA")) {
      give(adapted);
    }
    adapted.eval();
    output.add("eval_output", with(model.output()), expected("eval_output"));
    if (has("output")) {
      loss.add("loss", with(model.loss()).reshape(1), expected("loss"));
    }
    saveAndReload(adapted, model, true);
  }

  /** Compares what the adapter starts from, where it follows from the settings. */
  private void compareStart() throws IOException {
    Map<String, Tensor> starts = GoldenCase.starting("init.", io);
    if (starts.isEmpty() || !(config instanceof PromptTuningConfig c)) {
      return;
    }
    WholeModel model = base.make(inputs, target);
    AdaptedModel<Module> adapted = PeftModel.of(model.module(), withTokenizer(c).forTraining());
    Set<String> words = new HashSet<>();
    if (c.start() == PromptStart.SAMPLE_VOCAB) {
      float[] table = golden.base().storage("model.embed_tokens.weight").toFloats();
      int width = target(adapted).dim(1);
      for (int i = 0; i < table.length; i += width) {
        words.add(Arrays.toString(Arrays.copyOfRange(table, i, i + width)));
      }
    }
    for (NamedParameter p : adapted.namedParameters()) {
      Tensor start = starts.get(p.name());
      if (start == null) {
        continue;
      }
      Tensor here = Tensor.of(p.parameter().own(), p.parameter().shape());
      if (words.isEmpty()) {
        output.add("init." + p.name(), here, start);
      } else if (!rows(here).allMatch(words::contains) || !rows(start).allMatch(words::contains)) {
        wrong.add(p.name() + " does not start as words of the vocabulary");
      }
    }
  }

  private static Tensor target(AdaptedModel<Module> adapted) {
    return adapted.trainableParameters().getFirst().ownTensor();
  }

  private static Stream<String> rows(Tensor t) {
    float[] all = t.toFloats();
    int width = t.dim(1);
    return Stream.iterate(0, i -> i < all.length, i -> i + width)
        .map(i -> Arrays.toString(Arrays.copyOfRange(all, i, i + width)));
  }

  private PromptTuningConfig withTokenizer(PromptTuningConfig c) {
    String folder =
        c.tokenizer().isEmpty()
            ? ""
            : golden.adapter().resolveSibling(c.tokenizer()).toAbsolutePath().toString();
    return new PromptTuningConfig(c.virtual(), c.start(), c.initText(), folder, c.common());
  }

  private PeftConfig forTraining() {
    return config instanceof PromptTuningConfig c
        ? withTokenizer(c).forTraining()
        : config instanceof PromptConfig<?> p ? p.forTraining() : config;
  }

  private void train() throws IOException {
    WholeModel model = base.make(inputs, target);
    AdaptedModel<Module> adapted = PeftModel.of(model.module(), forTraining());
    if (!hasParameters()) {
      adapted.load(golden.adapter());
    }
    compareNames(adapted);
    give(adapted);
    GoldenCase.Settings s = golden.optimizer();
    AdamW optimizer =
        AdamW.builder()
            .lr(s.lr())
            .betas(s.beta1(), s.beta2())
            .eps(s.eps())
            .weightDecay(s.weightDecay())
            .build(adapted.trainableParameters());
    List<NamedParameter> trained =
        adapted.namedParameters().stream().filter(p -> p.parameter().trainable()).toList();
    Map<String, float[]> before = values(model.module());
    if (!drops()) {
      adapted.train();
    } else {
      adapted.eval();
    }
    for (int i = 0; i < s.steps(); i++) {
      if (i == 0) {
        output.add("output", with(model.output()), expected("output"));
      }
      Tensor l = with(model.loss());
      Tensor added = adapted.addedLoss();
      l = added == null ? l : l.add(added);
      l.backward();
      if (i == 0) {
        loss.add("loss", l.reshape(1), expected("loss"));
        for (NamedParameter p : trained) {
          compareGradient(p);
        }
        saveAndReload(adapted, model, false);
      }
      optimizer.step();
    }
    for (NamedParameter p : trained) {
      Tensor now = Tensor.of(p.parameter().own(), p.parameter().shape());
      step.add("step3." + p.name(), now, expected("step3." + p.name()));
    }
    values(model.module())
        .forEach(
            (name, v) -> {
              if (!Arrays.equals(v, before.get(name))) {
                wrong.add("training changed " + name + " of the base");
              }
            });
  }

  /** Returns whether the adapter has dropout in training, which the case was made without. */
  private boolean drops() throws IOException {
    return Set.of("XLORA", "SHADOW").contains(golden.tuner());
  }

  private static Map<String, float[]> values(Module module) {
    Map<String, float[]> values = new java.util.LinkedHashMap<>();
    module.stateDict().forEach((name, p) -> values.put(name, p.own().toFloats()));
    return values;
  }

  private void give(PeftModel adapted) throws IOException {
    for (NamedParameter p : adapted.namedParameters()) {
      if (has("param." + p.name())) {
        p.parameter().set(expected("param." + p.name()).storage());
      }
    }
  }

  private void compareGradient(NamedParameter p) throws IOException {
    String name = "grad." + p.name();
    Tensor g = p.parameter().grad();
    if (g == null) {
      if (has(name)) {
        wrong.add("no gradient reached " + p.name());
      }
      return;
    }
    gradients.add(name, g, has(name) ? expected(name) : Tensor.zeros(g.shape().toArray()));
  }

  private void compareNames(PeftModel model) throws IOException {
    compareLists(
        "trainable parameters",
        model.namedParameters().stream()
            .filter(p -> p.parameter().trainable())
            .map(NamedParameter::name)
            .toList(),
        golden.trainable());
    compareLists(
        "parameters",
        model.namedParameters().stream()
            .map(
                p ->
                    p.name()
                        + " "
                        + Arrays.toString(p.parameter().shape().toArray())
                        + (p.parameter().trainable() ? " True" : " False"))
            .toList(),
        golden.parameters());
  }

  private void compareLists(String what, List<String> here, List<String> theirs) {
    if (!here.equals(theirs)) {
      List<String> extra = here.stream().filter(n -> !theirs.contains(n)).toList();
      List<String> missing = theirs.stream().filter(n -> !here.contains(n)).toList();
      wrong.add(
          extra.isEmpty() && missing.isEmpty()
              ? what + " come in another order than peft's: " + here
              : what + " differ: only here " + extra + ", only in peft " + missing);
    }
  }

  /**
   * Saves the adapter and compares with peft's files.
   *
   * @param loaded whether it was loaded from peft's file, so that it is the same in its last bit
   */
  private void saveAndReload(AdaptedModel<Module> adapted, WholeModel model, boolean loaded)
      throws IOException {
    Path temporary = Files.createTempDirectory("peft4j-golden");
    try {
      adapted.save(temporary);
      compareFiles(AdapterFolder.read(golden.adapter()), AdapterFolder.read(temporary), loaded);
      if (!loaded) {
        return;
      }
      WholeModel second = base.make(inputs, target);
      AdaptedModel<Module> again = PeftModel.load(second.module(), temporary);
      again.eval();
      if (golden.tuner().equals("XLORA")) {
        give(again);
      }
      if (!Arrays.equals(with(model.output()).toFloats(), with(second.output()).toFloats())) {
        wrong.add("the output changes when the adapter is saved and loaded");
      }
    } finally {
      delete(temporary);
    }
  }

  private void compareFiles(Adapter theirs, Adapter here, boolean exact) {
    compareLists(
        "keys of the saved adapter",
        here.tensors().keySet().stream().filter(k -> !k.startsWith(LOST)).toList(),
        List.copyOf(theirs.tensors().keySet()));
    here.tensors()
        .forEach(
            (key, t) -> {
              var other = theirs.tensors().get(key);
              if (other != null
                  && !(t.shape().equals(other.shape())
                      && same(t.storage().toFloats(), other.storage().toFloats(), exact))) {
                wrong.add("saved weight " + key + " is not peft's");
              }
            });
    ObjectNode a = comparable(here.config());
    ObjectNode b = comparable(theirs.config());
    Set<String> keys = new TreeSet<>();
    a.fieldNames().forEachRemaining(keys::add);
    b.fieldNames().forEachRemaining(keys::add);
    for (String key : keys) {
      if (!sorted(a.get(key)).equals(sorted(b.get(key)))) {
        wrong.add(
            "adapter_config.json has " + key + " " + a.get(key) + ", peft's has " + b.get(key));
      }
    }
  }

  private static boolean same(float[] here, float[] theirs, boolean exact) {
    if (exact) {
      return Arrays.equals(here, theirs);
    }
    for (int i = 0; i < here.length; i++) {
      if (!(Math.abs(here[i] - theirs[i]) <= ROUNDED * Math.max(1, Math.abs(theirs[i])))) {
        return false;
      }
    }
    return true;
  }

  private static ObjectNode comparable(AdapterConfig config) {
    ObjectNode tree = config.tree();
    tree.remove("peft_version");
    tree.remove("tokenizer_name_or_path"); // a folder of the case
    tree.remove("adapters"); // folders of the case
    return tree;
  }

  private static String sorted(@Nullable JsonNode value) {
    if (value == null || !value.isArray()) {
      return String.valueOf(value);
    }
    return new TreeSet<>(value.valueStream().map(JsonNode::toString).toList()).toString();
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(p);
      }
    }
  }

  /** Returns the settings in the adapter's folder. */
  static AdapterConfig file(GoldenCase golden) throws IOException {
    return AdapterConfig.read(golden.adapter().resolve(PeftFormat.CONFIG_FILE));
  }

  private boolean has(String name) {
    return io.contains(name);
  }

  private Tensor expected(String name) throws IOException {
    return GoldenCase.tensor(io, name);
  }
}
