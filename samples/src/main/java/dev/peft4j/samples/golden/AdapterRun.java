package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.random.Noise;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraOptimizers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One adapter of a case: the computations of peft, and a comparison of the results. */
final class AdapterRun {
  private static final double TOLERANCE = 1e-5;

  /** That of a few steps of a transformer. */
  private static final double DEEP_STEP_TOLERANCE = 2e-4;

  /** AdamW divides by the gradient's size: where that is rounding error, so is the step. */
  private static final float LEAST_GRADIENT = 1e-6f;

  /**
   * In a transformer a few such weights decide where others go: torch itself, in double precision
   * instead of float, differs by up to 1.5e-2 at some weights, and by 5e-3 in the third loss.
   */
  private static final double CHAOTIC = 0.05;

  private static final double LOSSES_TOLERANCE = 5e-3;

  /** Makes the base model. */
  interface Base {
    CaseModel make() throws IOException;
  }

  private final OfPeft peft;
  private final Base base;
  private final PeftConfig config;
  private final SafeTensors io;
  private final Map<String, Tensor> inputs;
  private final Tensor target;
  private final Difference output;
  private final Difference loss = new Difference("loss", TOLERANCE);
  private final Difference gradients;
  private final Difference step;
  private final Difference losses = new Difference("losses", LOSSES_TOLERANCE);
  private final Difference merge;
  private final List<String> wrong = new ArrayList<>();
  private @Nullable Long seed;

  /**
   * A run.
   *
   * @param io the case's tensors
   */
  AdapterRun(OfPeft peft, Base base, PeftConfig config, SafeTensors io) throws IOException {
    this(
        peft,
        base,
        config,
        io,
        GoldenCase.starting("input.", io),
        GoldenCase.tensor(io, "input.target"));
  }

  /**
   * A run with inputs and a target of its own.
   *
   * @param inputs by name
   */
  AdapterRun(
      OfPeft peft,
      Base base,
      PeftConfig config,
      SafeTensors io,
      Map<String, Tensor> inputs,
      Tensor target)
      throws IOException {
    this.peft = peft;
    this.base = base;
    this.config = config;
    this.io = io;
    boolean deep = peft.deep();
    this.output = Difference.scaled("output", TOLERANCE);
    this.merge = Difference.scaled("merge", TOLERANCE);
    // what is rounded in a large gradient goes on into the small ones below it
    this.gradients =
        deep
            ? Difference.relative(
                "gradients", TOLERANCE, GoldenCase.starting(peft.prefix() + "grad.", io).values())
            : Difference.scaled("gradients", TOLERANCE);
    this.step =
        deep
            ? Difference.mostly("step 3", DEEP_STEP_TOLERANCE, CHAOTIC)
            : new Difference("step 3", peft.optimizer().tolerance());
    this.inputs = new LinkedHashMap<>(inputs);
    this.target = target;
    this.inputs.remove("target");
  }

  /** Lets the adapter draw what peft drew from torch's global generator after this seed. */
  AdapterRun seeded(long value) {
    seed = value;
    return this;
  }

  /** Reports what was found wrong before. */
  AdapterRun with(List<String> found) {
    wrong.addAll(found);
    return this;
  }

  private AdaptedModel<Module> attach(Module model) {
    return torch(model, () -> PeftModel.of(model, config));
  }

  private <T> T torch(Module model, Supplier<T> body) {
    return seed == null ? body.get() : Regenerated.after(model, seed).asGlobal(body);
  }

  CaseResult run() throws IOException {
    CaseModel model = base.make();
    Map<String, float[]> before = values(model.module());
    AdaptedModel<Module> adapted = attach(model.module());
    adapted.load(peft.adapter());
    compareNames(adapted);
    evaluate(model);
    give(adapted);
    train(model, adapted);
    compareBase(before, model.module());
    runSchedule();
    adapted.load(peft.adapter());
    saveAndReload(model, adapted);
    if (peft.merges()) {
      mergeInto(model, adapted);
    }
    return CaseResult.of(
        peft.deep()
            ? List.of(output, loss, gradients, step, losses, merge)
            : List.of(output, loss, gradients, step, merge),
        wrong);
  }

  /** Runs a pass with the noise that peft drew in it, unless the adapter has a seed for that. */
  private Tensor drawn(String pass, Supplier<Tensor> body) throws IOException {
    boolean seeded = read(peft.adapter()).get("generator_seed").isNumber();
    return seeded ? body.get() : replayed(pass, body);
  }

  private static AdapterConfig read(Path folder) throws IOException {
    return AdapterConfig.read(folder.resolve(PeftFormat.CONFIG_FILE));
  }

  /** Runs a pass with the noise that peft drew in it, if any. */
  private Tensor replayed(String pass, Supplier<Tensor> body) throws IOException {
    Map<String, Tensor> noise = GoldenCase.starting(peft.prefix() + "noise." + pass + ".", io);
    int[] next = {0};
    return noise.isEmpty()
        ? body.get()
        : Noise.with(
            n -> Objects.requireNonNull(noise.get(Integer.toString(next[0]++))).toFloats(), body);
  }

  private void compareNames(PeftModel model) throws IOException {
    compareLists(
        "trainable parameters",
        model.namedParameters().stream()
            .filter(p -> p.parameter().trainable())
            .map(NamedParameter::name)
            .toList(),
        peft.trainable());
    if (peft.how().path("name").asText().equals("LoRA-FA")) {
      LoraOptimizers.fa(model, AdamW.builder()); // it freezes
    }
    if (peft.parameters() != null) {
      List<String> here = model.namedParameters().stream().map(AdapterRun::describe).toList();
      compareLists("parameters", here, peft.parameters());
    }
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
    wrong.addAll(SavedAdapter.differences(what, here, theirs));
  }

  private void evaluate(CaseModel model) throws IOException {
    model.module().eval();
    Tensor found = drawn("eval", () -> model.forward().apply(inputs));
    output.add("eval_output", found, expected("eval_output"));
  }

  /** Sets what peft trained from where its file does not hold that. */
  private void give(PeftModel adapted) throws IOException {
    for (NamedParameter p : adapted.namedParameters()) {
      if (p.parameter().trainable() && has("param." + p.name())) {
        p.parameter().set(expected("param." + p.name()).storage());
      }
    }
  }

  private void train(CaseModel model, PeftModel adapted) throws IOException {
    GoldenCase.Settings s = peft.optimizer();
    AdamW.Builder settings =
        AdamW.builder()
            .lr(s.lr())
            .betas(s.beta1(), s.beta2())
            .eps(s.eps())
            .weightDecay(s.weightDecay());
    AdamW optimizer = optimizer(adapted, settings, s);
    List<NamedParameter> trained =
        adapted.namedParameters().stream().filter(p -> p.parameter().trainable()).toList();
    model.module().train();
    for (int i = 0; i < s.steps(); i++) {
      Tensor out = drawn(Integer.toString(i), () -> model.forward().apply(inputs));
      Tensor l = withAdded(model.loss().apply(out, target), adapted);
      l.backward();
      if (has("losses")) {
        losses.add("losses", l.reshape(1), expected("losses").slice(0, i, i + 1));
      }
      if (i == 0) {
        output.add("output", out, expected(has("output") ? "output" : "eval_output"));
        loss.add("loss", l.reshape(1), expected("loss"));
        for (NamedParameter p : trained) {
          compareGradient(p);
        }
      }
      optimizer.step();
    }
    for (NamedParameter p : trained) {
      Tensor now = Tensor.of(p.parameter().own(), p.parameter().shape());
      Tensor gradient = has("grad." + p.name()) ? expected("grad." + p.name()) : null;
      step.add("step3." + p.name(), now, expected("step3." + p.name()), gradient, LEAST_GRADIENT);
    }
  }

  /** Compares a schedule on a model of its own, whose parameters it may freeze. */
  private void runSchedule() throws IOException {
    if (!ScheduleRun.isIn(io)) {
      return;
    }
    CaseModel model = base.make();
    AdaptedModel<Module> adapted = attach(model.module());
    adapted.load(peft.adapter());
    model.module().train();
    wrong.addAll(
        new ScheduleRun(adapted, io, step)
            .run(
                peft.optimizer(),
                () ->
                    withAdded(model.loss().apply(model.forward().apply(inputs), target), adapted)));
    if (has("sched.eval_output")) {
      model.module().eval();
      step.add("sched.eval_output", model.forward().apply(inputs), expected("sched.eval_output"));
    }
  }

  private AdamW optimizer(PeftModel adapted, AdamW.Builder b, GoldenCase.Settings s) {
    JsonNode json = peft.how();
    return switch (json.path("name").asText()) {
      case "LoRA+" ->
          LoraOptimizers.plus(
              adapted,
              b,
              s.lr(),
              json.path("ratio").asDouble(),
              json.path("lr_embedding").asDouble());
      case "LoRA-FA" -> LoraOptimizers.fa(adapted, b);
      case "Riemannian AdamW" -> LoraOptimizers.riemannian(adapted, b, json.path("reg").asDouble());
      default -> b.build(adapted.trainableParameters());
    };
  }

  /** peft adds the adapter's part to the loss that a model of transformers computes itself. */
  private Tensor withAdded(Tensor own, PeftModel adapted) {
    Tensor added =
        inputs.containsKey("input_ids") || has("added_loss") ? adapted.addedLoss() : null;
    return added == null ? own : own.add(added);
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
    Map<String, Tensor> theirs = GoldenCase.starting(peft.prefix() + "merged.", io);
    Map<String, ModuleTensor> state = SmallDecoders.state(model.module());
    Set<String> here = new TreeSet<>(state.keySet());
    if (peft.deep()) {
      here.retainAll(theirs.keySet());
    } else { // some cases hold only what merging changes: then the rest has to be the base's
      Map<String, float[]> before = values(base.make().module());
      state.forEach(
          (name, p) -> {
            float[] was = before.get(name); // a tied weight may have its second name only now
            boolean same = was == null || Arrays.equals(p.own().toFloats(), was);
            if (!theirs.containsKey(name) && same) {
              here.remove(name);
            }
          });
    }
    compareLists("merged weights", List.copyOf(here), List.copyOf(new TreeSet<>(theirs.keySet())));
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
      Adapter theirs = AdapterFolder.read(peft.adapter());
      wrong.addAll(SavedAdapter.differences(AdapterFolder.read(temporary), theirs));
      CaseModel second = base.make();
      torch(second.module(), () -> PeftModel.load(second.module(), temporary));
      model.module().eval();
      second.module().eval();
      float[] before = replayed("eval", () -> model.forward().apply(inputs)).toFloats();
      float[] after = replayed("eval", () -> second.forward().apply(inputs)).toFloats();
      boolean rounds = read(peft.adapter()).get("save_only_topk_weights").asBoolean();
      if (rounds ? !SavedAdapter.close(before, after) : !Arrays.equals(before, after)) {
        wrong.add("the output changes when the adapter is saved and loaded");
      }
    } finally {
      SavedAdapter.delete(temporary);
    }
  }

  private boolean has(String name) {
    return io.contains(peft.prefix() + name);
  }

  private Tensor expected(String name) throws IOException {
    return GoldenCase.tensor(io, peft.prefix() + name);
  }
}
