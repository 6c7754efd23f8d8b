package dev.peft4j.samples.golden;

import dev.peft4j.io.SafeTensors;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.lora.LoraConfig;
import dev.peft4j.tuner.lora.LoraData;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Starts that need data: made here from the data of the case, and compared with peft's. */
final class DataStarts {
  /** Relative to the largest number: an inverse and a decomposition lie between. */
  private static final float TOLERANCE = 1e-4f;

  private DataStarts() {}

  /**
   * Returns what differs from peft's start.
   *
   * @param base the model as it was before
   */
  static List<String> check(CaseModel base, LoraConfig config, GoldenCase golden)
      throws IOException {
    SafeTensors io = golden.io();
    Map<String, Tensor> inputs = GoldenCase.starting("input.", io);
    Tensor target = java.util.Objects.requireNonNull(inputs.remove("target"));
    LoraConfig plain =
        LoraConfig.builder().r(config.r()).alpha(config.alpha()).targets(config.targets()).build();
    base.module().eval();
    AdaptedModel<Module> made =
        switch (config.init()) {
          case CORDA ->
              LoraData.corda(
                  base.module(),
                  plain,
                  String.valueOf(config.startSettings()).contains("kpm")
                      ? LoraData.CordaMethod.KPM
                      : LoraData.CordaMethod.IPM,
                  () -> base.forward().apply(inputs).storage());
          case LORA_GA -> {
            TorchGenerator torch = Regenerated.after(base.module(), golden.seed());
            inputs.values().forEach(x -> torch.skip(x.shape().elements()));
            torch.skip(target.shape().elements());
            yield torch.asGlobal(
                () ->
                    LoraData.loraGa(
                        base.module(),
                        plain,
                        LoraData.GaDirection.A_R_B_2R,
                        LoraData.GaScale.STABLE,
                        16,
                        () -> base.loss().apply(base.forward().apply(inputs), target).backward()));
          }
          case EVA -> LoraData.eva(base.module(), plain, 2, 0.99, false, batches(base, io));
          default -> throw new IllegalArgumentException(config.init() + " needs no data");
        };
    List<String> wrong = new ArrayList<>();
    for (NamedParameter p : made.namedParameters()) {
      String name = p.name().replace("base_model.model.", "").replace(".base_layer", "");
      if (io.contains("base_after." + name)) {
        compare(p, GoldenCase.tensor(io, "base_after." + name), wrong);
      } else if (io.contains("init." + p.name())
          && config.init() == dev.peft4j.annotation.Init.EVA) {
        compare(p, GoldenCase.tensor(io, "init." + p.name()), wrong);
      }
    }
    if (config.init() == dev.peft4j.annotation.Init.EVA
        && !((LoraConfig) made.adapters().config("default"))
            .rankPattern()
            .equals(config.rankPattern())) {
      wrong.add("EVA deals the ranks " + made.adapters().config("default"));
    }
    return wrong;
  }

  private static List<Runnable> batches(CaseModel base, SafeTensors io) throws IOException {
    Tensor all = GoldenCase.tensor(io, "init_input.x");
    List<Runnable> batches = new ArrayList<>();
    for (int i = 0; i < all.dim(0); i++) {
      Tensor x = all.slice(0, i, i + 1).reshape(all.dim(1), all.dim(2));
      batches.add(() -> base.forward().apply(Map.of("x", x)).storage());
    }
    return batches;
  }

  private static void compare(NamedParameter here, Tensor theirs, List<String> wrong) {
    Tensor own = here.parameter().ownTensor();
    if (!own.shape().equals(theirs.shape())) {
      wrong.add("start of " + here.name() + " is " + own.shape() + ", not " + theirs.shape());
      return;
    }
    float most = own.sub(theirs).abs().max().item();
    float largest = Math.max(1, theirs.abs().max().item());
    if (!(most <= TOLERANCE * largest)) {
      wrong.add("start of " + here.name() + " differs by " + most);
    }
  }
}
