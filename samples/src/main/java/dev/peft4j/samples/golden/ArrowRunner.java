package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.lora.LoraArrow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A case of Arrow: adapters in folders lora0, lora1, ..., of which each token takes some. */
final class ArrowRunner {
  private static final double TOLERANCE = 1e-5;

  private ArrowRunner() {}

  static boolean takes(GoldenCase golden) {
    return golden.config().path("arrow_config").isObject();
  }

  static CaseResult run(GoldenCase golden, CaseModel base) throws IOException {
    JsonNode arrow = golden.config().path("arrow_config");
    int tasks = arrow.path("task_adapter_names").size();
    List<Path> all = new ArrayList<>();
    for (int i = 0; i < tasks + arrow.path("gks_adapter_names").size(); i++) {
      all.add(golden.adapter().resolveSibling("lora" + i));
    }
    AdaptedModel<Module> model =
        LoraArrow.of(
            base.module(),
            all.subList(0, tasks),
            arrow.path("top_k").asInt(),
            arrow.path("router_temperature").asDouble(),
            arrow.path("rng_seed").asLong(),
            all.subList(tasks, all.size()));
    model.eval();
    Map<String, Tensor> inputs = GoldenCase.starting("input.", golden.io());
    Tensor found = model.call(m -> base.forward().apply(inputs));
    Difference output = Difference.scaled("output", TOLERANCE);
    output.add("eval_output", found, GoldenCase.tensor(golden.io(), "eval_output"));
    List<String> wrong = new ArrayList<>();
    List<String> here = model.namedParameters().stream().map(ArrowRunner::describe).toList();
    if (!here.equals(golden.parameters())) {
      wrong.add("parameters differ from peft's: " + here);
    }
    return CaseResult.of(List.of(output), wrong);
  }

  private static String describe(NamedParameter p) {
    return p.name()
        + " "
        + Arrays.toString(p.parameter().shape().toArray())
        + (p.parameter().trainable() ? " True" : " False");
  }
}
