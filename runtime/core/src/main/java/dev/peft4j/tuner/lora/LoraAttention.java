package dev.peft4j.tuner.lora;

import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.ModuleText;
import dev.peft4j.nn.MultiheadAttention;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * {@link LoraTuner} on a {@link MultiheadAttention}: its weights, the joint one of queries, keys
 * and values (3 · dim, dim) and that of the result (dim, dim), get a pair A, B each. They are
 * adapted as weights, so there is no dropout.
 *
 * <p>As in peft 0.21 the second weight gets its s·B·A twice, of which one is a constant to the
 * gradient: adapters that were trained there mean the same here.
 */
final class LoraAttention implements TunerLayer {
  private final Parameter in;
  private final Parameter out;
  private final Parameter inA;
  private final Parameter inB;
  private final Parameter outA;
  private final Parameter outB;
  private final float scale;

  LoraAttention(String path, MultiheadAttention layer, LoraConfig config, Rng rng) {
    Init init = config.init();
    boolean plain = init == Init.DEFAULT || init == Init.RANDOM || init == Init.GAUSSIAN;
    if (config.dora() || config.loraBias() || config.variant() != null || !plain) {
      throw new IllegalArgumentException(
          "'"
              + path
              + "' is a MultiheadAttention, which gets plain LoRA with the starts DEFAULT, GAUSSIAN"
              + " or RANDOM; found "
              + (config.dora()
                  ? "dora"
                  : config.loraBias()
                      ? "a bias of B"
                      : plain ? "the variant " + config.variant() : "init " + init));
    }
    int r = config.rankOf(path);
    this.in = layer.inProjWeight();
    this.out = layer.outProj().weight();
    this.outA = a(init, r, out, rng);
    this.outB = b(init, r, out, rng);
    this.inA = a(init, r, in, rng);
    this.inB = b(init, r, in, rng);
    this.scale = (float) config.scaleOf(path);
  }

  private static Parameter a(Init init, int r, Parameter weight, Rng rng) {
    return init == Init.GAUSSIAN
        ? Initial.normal(rng, 1f / r, r, weight.dim(1))
        : Initial.kaimingUniform(rng, r, weight.dim(1));
  }

  private static Parameter b(Init init, int r, Parameter weight, Rng rng) {
    return init == Init.RANDOM
        ? Initial.kaimingUniform(rng, weight.dim(0), r)
        : Initial.constant(0, weight.dim(0), r);
  }

  @Override
  public List<Parameter> adaptedParameters() {
    return List.of(in, out);
  }

  @Override
  public Set<String> adaptedChildren() {
    return Set.of("out_proj");
  }

  @Override
  public Tensor adapted(Parameter p, Tensor value) {
    if (p == in) {
      return value.add(inB.matmul(inA).mul(scale));
    }
    Tensor delta = outB.matmul(outA).mul(scale);
    return value.add(delta).add(delta.detach());
  }

  /** Never called: it acts on parameters. */
  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    return base.apply(x);
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    Map<Parameter, Tensor> merged = new LinkedHashMap<>();
    merged.put(in, adapted(in, in));
    merged.put(out, adapted(out, out));
    return merged;
  }

  @Override
  public List<Entry> parameters() {
    return List.of(
        new Entry("base_layer.out_proj.lora_A", "weight", outA),
        new Entry("base_layer.out_proj.lora_B", "weight", outB),
        new Entry("lora_A", "weight", inA),
        new Entry("lora_B", "weight", inB));
  }

  @Override
  public int rank() {
    return inA.dim(0);
  }

  @Override
  public List<Part> parts() {
    return List.of(
        new Part("lora_dropout", "ModuleDict", "Identity()"),
        new Part("lora_A", "ModuleDict", linear(inA)),
        new Part("lora_B", "ModuleDict", linear(inB)),
        new Part("lora_embedding_A", "ParameterDict", null),
        new Part("lora_embedding_B", "ParameterDict", null),
        new Part("lora_magnitude_vector", "ModuleDict", null));
  }

  private static String linear(Parameter p) {
    return "Linear(" + ModuleText.linear(p.dim(1), p.dim(0), false) + ")";
  }
}
