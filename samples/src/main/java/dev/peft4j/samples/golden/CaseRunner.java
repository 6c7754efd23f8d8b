package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Storage;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StateDictCheck;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.Tuner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A run of one case: the computations of peft, and a comparison of the results. */
final class CaseRunner {
  private static final double TOLERANCE = 1e-5;
  private static final double STEP_TOLERANCE = 2e-5;

  /** AdamW divides by the gradient's size: where that is rounding error, so is the step. */
  private static final float LEAST_GRADIENT = 1e-6f;

  private final GoldenCase golden;
  private final PeftConfig config;
  private final SafeTensors io;
  private final Map<String, Tensor> inputs;
  private final Tensor target;
  private final Difference output = new Difference("output", TOLERANCE);
  private final Difference loss = new Difference("loss", TOLERANCE);
  private final Difference gradients = new Difference("gradients", TOLERANCE);
  private final Difference step = new Difference("step 3", STEP_TOLERANCE);
  private final Difference merge = new Difference("merge", TOLERANCE);
  private final List<String> wrong = new ArrayList<>();

  private CaseRunner(GoldenCase golden, PeftConfig config) throws IOException {
    this.golden = golden;
    this.config = config;
    this.io = golden.io();
    this.inputs = GoldenCase.starting("input.", io);
    this.target = expected("input.target");
    inputs.remove("target");
  }

  /** Runs the case in {@code folder}; any problem becomes part of the result. */
  static CaseResult run(Path folder) {
    try {
      GoldenCase golden = GoldenCase.open(folder);
      List<String> tuners = Tuner.all().stream().map(Tuner::peftType).toList();
      if (!tuners.contains(golden.tuner())) {
        return CaseResult.unsupported("tuner " + golden.tuner());
      }
      if (CaseModel.of(golden.model()) == null) {
        return CaseResult.unsupported("model " + golden.model());
      }
      PeftConfig config;
      try {
        AdapterConfig file = AdapterConfig.read(golden.adapter().resolve(PeftFormat.CONFIG_FILE));
        config = Tuner.of(file.peftType(tuners)).read(file);
        String missing = notTrained(file);
        if (missing != null) {
          return CaseResult.unsupported(missing);
        }
      } catch (FileFormatException e) {
        String message = String.valueOf(e.getMessage());
        if (message.contains("not supported yet")) {
          return CaseResult.unsupported(message.substring(message.indexOf(": ") + 2));
        }
        throw e;
      }
      return new CaseRunner(golden, config).run();
    } catch (IOException | RuntimeException e) {
      String message = e.getMessage();
      return CaseResult.failed(message == null ? e.toString() : message);
    }
  }

  /**
   * Returns a setting that is accepted when an adapter is loaded, but would be initialised or
   * trained differently in peft.
   */
  private static @Nullable String notTrained(AdapterConfig file) {
    String start = file.get("init_lora_weights").asText();
    if (List.of("eva", "corda", "lora_ga", "loftq", "mica").contains(start)) {
      return "adapters that start as \"" + start + "\" can be loaded, not made";
    }
    for (String key : List.of("velora_config", "monteclora_config")) {
      if (file.get(key).isObject()) {
        return key + " is not supported in training";
      }
    }
    return null;
  }

  private CaseResult run() throws IOException {
    CaseModel model = base();
    Map<String, float[]> before = values(model.module());
    AdaptedModel<Module> adapted = PeftModel.of(model.module(), config);
    adapted.load(golden.adapter());
    compareNames(adapted);
    evaluate(model);
    train(model, adapted);
    compareBase(before, model.module());
    adapted.load(golden.adapter());
    saveAndReload(model, adapted);
    if (golden.merges()) {
      mergeInto(model, adapted);
    }
    return CaseResult.of(List.of(output, loss, gradients, step, merge), wrong);
  }

  private CaseModel base() throws IOException {
    CaseModel model = CaseModel.of(golden.model());
    if (model == null) {
      throw new IllegalStateException("no model " + golden.model());
    }
    SafeTensors file = golden.base();
    StateDictCheck.compare(model.module().stateShapes(), file.shapes())
        .require(file.file().toString());
    Map<String, Storage> values = new LinkedHashMap<>();
    for (String name : file.names()) {
      values.put(name, file.storage(name));
    }
    model.module().load(values);
    return model;
  }

  private void compareNames(PeftModel model) throws IOException {
    List<String> here = new ArrayList<>();
    List<String> trained = new ArrayList<>();
    for (NamedParameter p : model.namedParameters()) {
      here.add(describe(p));
      if (p.parameter().trainable()) {
        trained.add(p.name());
      }
    }
    compareLists("parameters", here, golden.parameters());
    compareLists("trainable parameters", trained, golden.trainable());
  }

  /** Returns a line of params.txt: {@code name [4, 2] False}. */
  private static String describe(NamedParameter p) {
    Parameter value = p.parameter();
    return p.name()
        + " "
        + Arrays.toString(value.shape().toArray())
        + (value.trainable() ? " True" : " False");
  }

  private void compareLists(String what, List<String> here, List<String> theirs) {
    if (here.equals(theirs)) {
      return;
    }
    List<String> extra = here.stream().filter(n -> !theirs.contains(n)).toList();
    List<String> missing = theirs.stream().filter(n -> !here.contains(n)).toList();
    wrong.add(
        extra.isEmpty() && missing.isEmpty()
            ? what + " come in another order than peft's: " + here
            : what + " differ: only here " + extra + ", only in peft " + missing);
  }

  private void evaluate(CaseModel model) throws IOException {
    model.module().eval();
    output.add("eval_output", model.forward().apply(inputs), expected("eval_output"));
  }

  private void train(CaseModel model, PeftModel adapted) throws IOException {
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
    model.module().train();
    for (int i = 0; i < s.steps(); i++) {
      Tensor out = model.forward().apply(inputs);
      Tensor l = model.loss().apply(out, target);
      l.backward();
      if (i == 0) {
        output.add("output", out, expected("output"));
        loss.add("loss", l.reshape(1), expected("loss"));
        for (NamedParameter p : trained) {
          compareGradient(p);
        }
      }
      optimizer.step();
    }
    for (NamedParameter p : trained) {
      Tensor now = Tensor.of(p.parameter().own(), p.parameter().shape());
      Tensor gradient = io.contains("grad." + p.name()) ? expected("grad." + p.name()) : null;
      step.add("step3." + p.name(), now, expected("step3." + p.name()), gradient, LEAST_GRADIENT);
    }
  }

  private void compareGradient(NamedParameter p) throws IOException {
    String name = "grad." + p.name();
    Tensor g = p.parameter().grad();
    if (g == null) {
      if (io.contains(name)) {
        wrong.add("no gradient reached " + p.name());
      }
      return;
    }
    gradients.add(name, g, io.contains(name) ? expected(name) : Tensor.zeros(g.shape().toArray()));
  }

  private void compareBase(Map<String, float[]> before, Module base) {
    List<String> changed = new ArrayList<>();
    values(base)
        .forEach(
            (name, v) -> {
              if (!Arrays.equals(v, before.get(name))) {
                changed.add(name);
              }
            });
    if (!changed.isEmpty()) {
      wrong.add("training changed base weights: " + changed);
    }
  }

  private static Map<String, float[]> values(Module module) {
    Map<String, float[]> values = new LinkedHashMap<>();
    module.stateDict().forEach((name, p) -> values.put(name, p.own().toFloats()));
    return values;
  }

  private void mergeInto(CaseModel model, PeftModel adapted) throws IOException {
    model.module().eval();
    adapted.mergeAndUnload();
    merge.add("merged_output", model.forward().apply(inputs), expected("merged_output"));
    Map<String, Tensor> theirs = GoldenCase.starting("merged.", io);
    Map<String, ModuleTensor> state = model.module().stateDict();
    compareLists(
        "merged weights",
        List.copyOf(new TreeSet<>(state.keySet())),
        List.copyOf(new TreeSet<>(theirs.keySet())));
    state.forEach(
        (name, p) -> {
          Tensor t = theirs.get(name);
          if (t != null) {
            merge.add("merged." + name, p, t);
          }
        });
  }

  // ---- the way back: what is saved here is what peft saved

  private void saveAndReload(CaseModel model, PeftModel adapted) throws IOException {
    Path temporary = Files.createTempDirectory("peft4j-golden");
    try {
      adapted.save(temporary);
      compareFiles(AdapterFolder.read(golden.adapter()), AdapterFolder.read(temporary));
      CaseModel second = base();
      PeftModel.load(second.module(), temporary);
      model.module().eval();
      second.module().eval();
      float[] before = model.forward().apply(inputs).toFloats();
      if (!Arrays.equals(before, second.forward().apply(inputs).toFloats())) {
        wrong.add("the output changes when the adapter is saved and loaded");
      }
    } finally {
      delete(temporary);
    }
  }

  private void compareFiles(Adapter theirs, Adapter here) {
    compareLists(
        "keys of the saved adapter",
        List.copyOf(here.tensors().keySet()),
        List.copyOf(theirs.tensors().keySet()));
    here.tensors()
        .forEach(
            (key, t) -> {
              var other = theirs.tensors().get(key);
              if (other != null
                  && !(t.shape().equals(other.shape())
                      && Arrays.equals(t.storage().toFloats(), other.storage().toFloats()))) {
                wrong.add("saved weight " + key + " is not what was loaded");
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

  /** Returns the settings without the release of peft and the package of the model's class. */
  private static ObjectNode comparable(AdapterConfig config) {
    ObjectNode tree = config.tree();
    tree.remove("peft_version");
    if (tree.get("auto_mapping") instanceof ObjectNode mapping) {
      mapping.remove("parent_library");
    }
    return tree;
  }

  /** Returns a list in sorted order: peft keeps targets in a set, so their order is arbitrary. */
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

  private Tensor expected(String name) throws IOException {
    return Tensor.of(io.storage(name), io.info(name).shape());
  }
}
