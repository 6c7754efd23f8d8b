package dev.peft4j.samples.golden;

import dev.peft4j.annotation.Init;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StateDictCheck;
import dev.peft4j.io.UnsupportedSettingException;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.CallInputs;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Runs one case: peft's computations, and a comparison of the results. */
final class CaseRunner {
  private CaseRunner() {}

  /** Runs the case in {@code folder}; any problem becomes part of the result. */
  static CaseResult run(Path folder) {
    try {
      GoldenCase golden = GoldenCase.open(folder);
      if (golden.hasModel()) {
        return DecoderRunner.takes(golden) ? DecoderRunner.run(golden) : EncoderRunner.run(golden);
      }
      if (golden.isOfProcessors()) {
        return GenerateRunner.processors(folder);
      }
      List<String> tuners = Tuner.all().stream().map(Tuner::peftType).toList();
      if (!tuners.contains(golden.tuner())) {
        return CaseResult.unsupported("tuner " + golden.tuner());
      }
      if (CaseModel.of(golden.model()) == null) {
        return CaseResult.unsupported("model " + golden.model());
      }
      if (ArrowRunner.takes(golden)) {
        return ArrowRunner.run(golden, base(golden, ""));
      }
      PeftConfig config;
      try {
        AdapterConfig file = AdapterConfig.read(golden.adapter().resolve(PeftFormat.CONFIG_FILE));
        config = Tuner.of(file.peftType(tuners)).read(file);
        String missing = notTrained(file);
        if (missing != null) {
          return CaseResult.unsupported(missing);
        }
      } catch (UnsupportedSettingException e) {
        return CaseResult.unsupported(e.problem());
      }
      if (ModelTunerCase.takes(golden)) {
        return ModelTunerCase.run(
            golden,
            (inputs, target) -> WholeModel.of(base(golden).module(), inputs, target),
            config);
      }
      if (golden.tuner().equals("FROD") && golden.regenerates()) {
        return frod(golden);
      }
      AdapterRun run = new AdapterRun(ofPeft(golden), () -> base(golden), config, golden.io());
      if (config instanceof LoraConfig lora
          && Set.of(Init.CORDA, Init.LORA_GA, Init.EVA).contains(lora.init())) {
        run.with(DataStarts.check(base(golden, ""), lora, golden));
      }
      return golden.regenerates() ? run.seeded(golden.seed()).run() : run.run();
    } catch (IOException | RuntimeException e) {
      String message = e.getMessage();
      return CaseResult.failed(message == null ? e.toString() : message);
    }
  }

  private static CaseResult frod(GoldenCase golden) throws IOException {
    Path folder = Files.createTempDirectory("peft4j-golden");
    try {
      List<String> wrong =
          Regenerated.frod(base(golden).module(), golden.adapter(), golden.io(), folder);
      PeftConfig config =
          Tuner.of("FROD").read(AdapterConfig.read(folder.resolve(PeftFormat.CONFIG_FILE)));
      return new AdapterRun(ofPeft(golden, folder), () -> base(golden), config, golden.io())
          .with(wrong)
          .run();
    } finally {
      SavedAdapter.delete(folder);
    }
  }

  /**
   * Returns a setting that is accepted when an adapter is loaded, but would be initialised or
   * trained differently in peft.
   */
  private static @Nullable String notTrained(AdapterConfig file) {
    String start = file.get("init_lora_weights").asText();
    if (start.equals("loftq")) {
      return "adapters that start as \"" + start + "\" can be loaded, not made";
    }
    return null;
  }

  private static OfPeft ofPeft(GoldenCase golden) throws IOException {
    return ofPeft(golden, golden.adapter());
  }

  private static OfPeft ofPeft(GoldenCase golden, Path adapter) throws IOException {
    return new OfPeft(
        "",
        adapter,
        golden.parameters(),
        golden.trainable(),
        golden.optimizer(),
        golden.merges(),
        false,
        golden.optimizerJson());
  }

  private static CaseModel base(GoldenCase golden) throws IOException {
    AdapterConfig config = AdapterConfig.read(golden.adapter().resolve(PeftFormat.CONFIG_FILE));
    return base(golden, config.get("init_lora_weights").asText());
  }

  /** Returns the base of an adapter with this start. */
  private static CaseModel base(GoldenCase golden, String start) throws IOException {
    CaseModel model = CaseModel.of(golden.model());
    if (model == null) {
      throw new IllegalStateException("no model " + golden.model());
    }
    SafeTensors file = golden.base();
    String tied = SmallDecoders.tiedHead(model.module());
    Map<String, Shape> shapes = new LinkedHashMap<>(file.shapes());
    shapes.keySet().remove(tied);
    StateDictCheck.compare(model.module().stateShapes(), shapes).require(file.file().toString());
    Map<String, Storage> values = new LinkedHashMap<>();
    for (String name : shapes.keySet()) {
      values.put(name, file.storage(name));
    }
    if (List.of("corda", "lora_ga").contains(start)) { // such an adapter comes with its own base
      GoldenCase.starting("base_after.", golden.io())
          .forEach((name, t) -> values.put(name, t.storage()));
    }
    model.module().load(values);
    return withCallInputs(model);
  }

  /** Gives adapters the inputs that layers do not get. */
  private static CaseModel withCallInputs(CaseModel model) {
    return new CaseModel(
        model.module(),
        in -> {
          Supplier<Tensor> call = () -> model.forward().apply(in);
          for (String name : List.of("task_ids", "input_ids")) {
            Tensor value = in.get(name);
            Supplier<Tensor> inner = call;
            if (value != null) {
              call = () -> CallInputs.with(name, value, inner);
            }
          }
          return call.get();
        },
        model.loss());
  }
}
