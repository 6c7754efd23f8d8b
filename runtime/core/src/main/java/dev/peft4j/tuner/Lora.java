package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.auto.service.AutoService;
import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.PythonJson;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.op.Window;
import dev.peft4j.target.PatternKeys;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Low-rank adaptation (Hu et al. 2021), peft's {@code LORA}: a layer computes W·x + b + s·B·A·drop(x) with s = alpha / r. A
 * starts random and B at zero, so that training starts from the base model.
 *
 * <table>
 *   <caption>Shapes</caption>
 *   <tr><td>Linear (in → out)</td><td>A (r, in), B (out, r)</td></tr>
 *   <tr><td>Embedding (n rows of dim)</td><td>A (r, n), B (dim, r); here A starts at zero and B at N(0, 1)</td></tr>
 *   <tr><td>Conv2d (in → out, k × k)</td><td>A (r, in, k, k), B (out, r, 1, 1)</td></tr>
 * </table>
 */
@AutoService(Tuner.class)
public final class Lora implements Tuner {
  /** peft's name. */
  public static final String PEFT_TYPE = "LORA";

  /** Settings that are carried out, or that change nothing about what is computed. */
  private static final Set<String> HANDLED =
      Set.of(
          "r", "lora_alpha", "lora_dropout", "bias", "use_rslora", "init_lora_weights", "target_modules",
          "exclude_modules", "modules_to_save", "rank_pattern", "alpha_pattern", "layers_to_transform",
          "layers_pattern", "task_type", "base_model_name_or_path", "peft_type", "peft_version", "auto_mapping",
          "inference_mode", "revision", "megatron_core", "qalora_group_size");

  /** For {@link java.util.ServiceLoader}. */
  public Lora() {}

  @Override
  public String peftType() {
    return PEFT_TYPE;
  }

  @Override
  public List<Class<? extends Module>> layerTypes() {
    return List.of(Linear.class, Embedding.class, Conv2d.class);
  }

  @Override
  public <L extends Module & Adaptable> TunerLayer attach(String path, L layer, PeftConfig config, Rng rng) {
    LoraConfig lora = (LoraConfig) config;
    int r = lora.rankOf(path);
    float scale = (float) lora.scaleOf(path);
    Init init = lora.init();
    return switch (layer) {
      case Linear l -> {
        Parameter a = down(init, rng, r, l.in());
        Parameter b = up(init, rng, l.out(), r);
        yield new OnLinear(l, a, b, scale, new InputDropout(l, lora.dropout(), rng));
      }
      case Embedding e -> {
        Parameter a =
            init == Init.RANDOM ? Initial.normal(rng, 1, r, e.count()) : Initial.constant(0, r, e.count());
        yield new OnEmbedding(e, a, Initial.normal(rng, 1, e.dim(), r), scale);
      }
      case Conv2d c -> {
        Shape w = c.weight().shape();
        Parameter a = down(init, rng, r, w.dim(1), w.dim(2), w.dim(3));
        Parameter b = up(init, rng, w.dim(0), r, 1, 1);
        yield new OnConv2d(c, a, b, scale, new InputDropout(c, lora.dropout(), rng));
      }
      default -> throw new IllegalArgumentException(
          "LoRA cannot adapt '" + path + "' of type " + layer.getClass().getSimpleName()
              + "; it adapts Linear, Embedding and Conv2d");
    };
  }

  @Override
  public List<String> unusedSettings(PeftConfig config, Collection<String> paths) {
    LoraConfig lora = (LoraConfig) config;
    List<String> unused = new ArrayList<>();
    unused(lora.rankPattern().keySet(), paths).forEach(key -> unused.add("rank pattern '" + key + "'"));
    unused(lora.alphaPattern().keySet(), paths).forEach(key -> unused.add("alpha pattern '" + key + "'"));
    return unused;
  }

  private static Set<String> unused(Set<String> patterns, Collection<String> paths) {
    PatternKeys keys = new PatternKeys(patterns);
    Set<String> left = new LinkedHashSet<>(patterns);
    for (String path : paths) {
      String key = keys.first(path);
      if (key != null) {
        left.remove(key);
      }
    }
    return left;
  }

  private static Parameter down(Init init, Rng rng, int... shape) {
    return init == Init.GAUSSIAN
        ? Initial.normal(rng, 1f / shape[0], shape)
        : Initial.kaimingUniform(rng, shape);
  }

  private static Parameter up(Init init, Rng rng, int... shape) {
    return init == Init.RANDOM ? Initial.kaimingUniform(rng, shape) : Initial.constant(0, shape);
  }

  /** Dropout of the adapter's input, active while the layer is in training mode. */
  private record InputDropout(Module layer, double p, Rng rng) {
    InputDropout {
      rng = rng.split();
    }

    Tensor apply(Tensor x) {
      return p == 0 || !layer.training() ? x : x.dropout((float) p, Tensor.of(new long[] {rng.nextLong()}));
    }
  }

  private record OnLinear(Linear layer, Parameter a, Parameter b, float scale, InputDropout dropout)
      implements TunerLayer, LowRank {
    @Override
    public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
      Tensor low = dropout.apply(x).linear(a, null);
      return base.apply(x).add(low.linear(b, null).mul(scale));
    }

    @Override
    public List<Entry> parameters() {
      return List.of(new Entry("lora_A", "weight", a), new Entry("lora_B", "weight", b));
    }

    @Override
    public Map<Parameter, Tensor> merged() {
      Parameter w = layer.weight();
      return Map.of(w, w.add(b.matmul(a).mul(scale)));
    }
  }

  private record OnEmbedding(Embedding layer, Parameter a, Parameter b, float scale) implements TunerLayer, LowRank {
    @Override
    public Tensor forward(Tensor ids, UnaryOperator<Tensor> base) {
      Tensor low = a.transpose(0, 1).gather(ids);
      return base.apply(ids).add(low.linear(b, null).mul(scale));
    }

    @Override
    public List<Entry> parameters() {
      return List.of(new Entry("lora_embedding_A", "", a), new Entry("lora_embedding_B", "", b));
    }

    @Override
    public Map<Parameter, Tensor> merged() {
      Parameter w = layer.weight();
      return Map.of(w, w.add(b.matmul(a).transpose(0, 1).mul(scale)));
    }
  }

  private record OnConv2d(Conv2d layer, Parameter a, Parameter b, float scale, InputDropout dropout)
      implements TunerLayer, LowRank {
    @Override
    public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
      Tensor low = dropout.apply(x).conv2d(a, null, layer.window());
      return base.apply(x).add(low.conv2d(b, null, Window.square(1, 1, 0)).mul(scale));
    }

    @Override
    public List<Entry> parameters() {
      return List.of(new Entry("lora_A", "weight", a), new Entry("lora_B", "weight", b));
    }

    @Override
    public Map<Parameter, Tensor> merged() {
      Parameter w = layer.weight();
      Tensor delta = b.reshape(b.dim(0), b.dim(1)).matmul(a.reshape(a.dim(0), -1));
      return Map.of(w, w.add(delta.reshape(w.shape().toArray()).mul(scale)));
    }
  }

  // ---- the file

  @Override
  public LoraConfig read(AdapterConfig file) throws IOException {
    ObjectNode known = PeftFormat.loraDefaults();
    file.warnUnknownKeys(known.properties().stream().map(Map.Entry::getKey).toList());
    file.requireDefaults(known, HANDLED);
    LoraConfig.Builder b = LoraConfig.builder();
    b.r(file.positiveInteger("r", 8)).alpha(file.positiveNumber("lora_alpha", 8));
    b.dropout(file.dropout("lora_dropout", 0)).rslora(file.flag("use_rslora", false));
    String bias = file.choice("bias", "none", List.of("none", "all", "lora_only"));
    b.bias(Bias.valueOf(bias.toUpperCase(java.util.Locale.ROOT)));
    b.init(readInit(file));
    file.positiveIntegers("rank_pattern").forEach(b::rankPattern);
    file.positiveNumbers("alpha_pattern").forEach(b::alphaPattern);
    TargetFields.read(file, b);
    return b.build();
  }

  private static Init readInit(AdapterConfig file) throws IOException {
    JsonNode init = file.get("init_lora_weights");
    if (init.isMissingNode() || init.isNull() || init.isBoolean()) {
      return init.isBoolean() && !init.booleanValue() ? Init.RANDOM : Init.DEFAULT;
    }
    if (init.isTextual() && init.textValue().equalsIgnoreCase("gaussian")) {
      return Init.GAUSSIAN;
    }
    throw file.wrong("init_lora_weights", init, "true, false or \"gaussian\"");
  }

  @Override
  public ObjectNode write(PeftConfig config) {
    LoraConfig c = (LoraConfig) config;
    ObjectNode tree = PeftFormat.loraDefaults();
    tree.put("r", c.r());
    tree.set("lora_alpha", PythonJson.number(c.alpha()));
    tree.put("lora_dropout", c.dropout());
    tree.put("use_rslora", c.rslora());
    tree.put("bias", c.bias().configName());
    tree.set(
        "init_lora_weights",
        c.init() == Init.GAUSSIAN ? TextNode.valueOf("gaussian") : BooleanNode.valueOf(c.init() == Init.DEFAULT));
    ObjectNode ranks = tree.putObject("rank_pattern");
    c.rankPattern().forEach(ranks::put);
    ObjectNode alphas = tree.putObject("alpha_pattern");
    c.alphaPattern().forEach((key, value) -> alphas.set(key, PythonJson.number(value)));
    TargetFields.write(c, tree);
    return tree;
  }

  @Override
  public void requireSame(String path, PeftConfig present, PeftConfig file) {
    double here = ((LoraConfig) present).scaleOf(path);
    double there = ((LoraConfig) file).scaleOf(path);
    if (here != there) {
      throw new IllegalArgumentException(
          "the adapter in the file scales '" + path + "' by " + there + ", this model by " + here
              + ": r, lora_alpha, use_rslora and the patterns must agree");
    }
  }
}
