package dev.peft4j.tuner.lora;

import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.nn.ExpertWeights;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleText;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;

/**
 * {@link LoraTuner} on bare parameters of one module, peft's {@code target_parameters}: W + s·B·A
 * for W (out, in), and W[e] + s·B[e]·A[e] for the experts e of W (experts, out, in), or its
 * transpose if the module is {@link ExpertWeights#isTransposed}.
 *
 * <p>A (experts · r, in) has the experts one after the other; in B (out, r · experts) the ranks are
 * outside and the experts inside, as in peft's files. Several parameters of one module are nested
 * there: the first in the module's order is the innermost.
 */
final class LoraParameters implements TunerLayer {
  private static final String WRAPPED = "base_layer.";

  /** One parameter with its two matrices. */
  private record Target(
      Parameter weight, Parameter a, Parameter b, float scale, int experts, boolean transposed) {
    Tensor delta() {
      if (experts == 0) {
        return b.matmul(a).mul(scale);
      }
      int r = a.dim(0) / experts;
      Tensor ofA = a.reshape(experts, r, a.dim(1));
      Tensor ofB = b.reshape(b.dim(0), r, experts).permute(2, 0, 1);
      return (transposed ? ofA.permute(0, 2, 1).matmul(ofB.permute(0, 2, 1)) : ofB.matmul(ofA))
          .mul(scale);
    }
  }

  private final List<Target> targets = new ArrayList<>();

  LoraParameters(String path, Module module, List<String> names, LoraConfig config, Rng rng) {
    check(path, names, config);
    for (String name : names) {
      Parameter weight = module.ownParameters().get(name);
      if (weight == null) {
        throw new IllegalArgumentException("'" + path + "' has no parameter '" + name + "'");
      }
      String full = path + "." + name;
      targets.add(target(full, weight, module, config, rng));
    }
  }

  private static void check(String path, List<String> names, LoraConfig c) {
    String problem =
        c.dropout() != 0
            ? "dropout " + c.dropout()
            : c.loraBias()
                ? "a bias of B"
                : c.dora()
                    ? "dora"
                    : c.variant() != null
                        ? "the variant " + c.variant()
                        : c.init() == Init.DEFAULT
                                || c.init() == Init.RANDOM
                                || c.init() == Init.GAUSSIAN
                            ? null
                            : "init " + c.init();
    if (problem != null) {
      throw new IllegalArgumentException(
          "target parameters "
              + names
              + " of '"
              + path
              + "' do not go with "
              + problem
              + ": they have no input of their own, so only plain LoRA with the starts DEFAULT,"
              + " GAUSSIAN or RANDOM is possible");
    }
  }

  private static Target target(
      String path, Parameter weight, Module module, LoraConfig config, Rng rng) {
    Shape s = weight.shape();
    if (s.rank() != 2 && s.rank() != 3) {
      throw new IllegalArgumentException(
          "target parameter '" + path + "' has the shape " + s + ", needed 2 or 3 dimensions");
    }
    boolean transposed = s.rank() == 3 && module instanceof ExpertWeights e && e.isTransposed();
    int experts = s.rank() == 3 ? s.dim(0) : 0;
    int in = s.dim(transposed ? 1 : s.rank() - 1);
    int out = s.dim(transposed ? 2 : s.rank() - 2);
    int ranks = config.rankOf(path) * Math.max(1, experts);
    Parameter a =
        config.init() == Init.GAUSSIAN
            ? Initial.normal(rng, 1f / config.rankOf(path), ranks, in)
            : Initial.kaimingUniform(rng, ranks, in);
    Parameter b =
        config.init() == Init.RANDOM
            ? Initial.kaimingUniform(rng, out, ranks)
            : Initial.constant(0, out, ranks);
    return new Target(weight, a, b, (float) config.scaleOf(path), experts, transposed);
  }

  @Override
  public List<Parameter> adaptedParameters() {
    return targets.stream().map(Target::weight).toList();
  }

  @Override
  public Tensor adapted(Parameter p, Tensor value) {
    for (Target t : targets) {
      if (t.weight == p) {
        return value.add(t.delta());
      }
    }
    return value;
  }

  /** Never called: it acts on parameters. */
  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    return base.apply(x);
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    Map<Parameter, Tensor> merged = new LinkedHashMap<>();
    targets.forEach(t -> merged.put(t.weight, t.weight.add(t.delta())));
    return merged;
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < targets.size(); i++) {
      String wrapped = WRAPPED.repeat(targets.size() - 1 - i);
      entries.add(new Entry(wrapped + "lora_A", "weight", targets.get(i).a));
      entries.add(new Entry(wrapped + "lora_B", "weight", targets.get(i).b));
    }
    return entries;
  }

  @Override
  public String baseName() {
    return WRAPPED.repeat(targets.size() - 1) + "base_layer";
  }

  @Override
  public int rank() {
    Target t = targets.getFirst();
    return t.a.dim(0) / Math.max(1, t.experts);
  }

  @Override
  public List<Part> parts() {
    Target outer = targets.getLast();
    return List.of(
        new Part("lora_dropout", "ModuleDict", "Identity()"),
        new Part("lora_A", "ModuleDict", linear(outer.a)),
        new Part("lora_B", "ModuleDict", linear(outer.b)),
        new Part("lora_embedding_A", "ParameterDict", null),
        new Part("lora_embedding_B", "ParameterDict", null),
        new Part("lora_magnitude_vector", "ModuleDict", null));
  }

  private static String linear(Parameter p) {
    return "Linear(" + ModuleText.linear(p.dim(1), p.dim(0), false) + ")";
  }

  @Override
  public String text(String type, SequencedMap<String, String> parts) {
    return ModuleText.block("lora.ParamWrapper", "", parts);
  }
}
