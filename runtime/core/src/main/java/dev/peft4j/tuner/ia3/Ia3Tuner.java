package dev.peft4j.tuner.ia3;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.data.Rng;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Conv3d;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TargetFields;
import dev.peft4j.tuner.TargetsByModel;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Infused adapter by inhibiting and amplifying inner activations (Liu et al. 2022), peft's {@code
 * IA3}: a layer computes (W·x + b) ⊙ l, a feed-forward layer W·(x ⊙ l) + b. l starts as ones, so
 * that training starts from the base model.
 *
 * <table>
 *   <caption>Shapes of l</caption>
 *   <tr><td>Linear, TransposedLinear (in → out)</td><td>(out, 1), feed-forward (1, in)</td></tr>
 *   <tr><td>Conv2d (in → out)</td><td>(1, out, 1, 1), feed-forward (1, in, 1, 1)</td></tr>
 *   <tr><td>Conv3d (in → out)</td><td>(1, out, 1, 1, 1), feed-forward (1, in, 1, 1, 1)</td></tr>
 * </table>
 */
@AutoService(Tuner.class)
public final class Ia3Tuner implements Tuner<Ia3Config> {
  /** Creates it for {@link java.util.ServiceLoader}. */
  public Ia3Tuner() {}

  @Override
  public String peftType() {
    return Ia3Config.PEFT_TYPE;
  }

  @Override
  public Class<Ia3Config> configType() {
    return Ia3Config.class;
  }

  @Override
  public Class<? extends Annotation> annotation() {
    return Ia3.class;
  }

  /** Returns false: the feed-forward modules must stay a part of the targets. */
  @Override
  public boolean condensesTargets() {
    return false;
  }

  @Override
  public Ia3Config attachedTo(Ia3Config config, Module layer) {
    return layer instanceof Conv2d || layer instanceof Conv3d
        ? config
        : config.withFanInFanOut(layer instanceof TransposedLinear);
  }

  @Override
  public String modelType() {
    return "IA3Model";
  }

  /** Returns the layer's own name: peft does not say that it is adapted. */
  @Override
  public String layerType(Module layer) {
    return layer instanceof TransposedLinear ? "Linear" : layer.getClass().getSimpleName();
  }

  @Override
  public List<Class<? extends Module>> layerTypes() {
    return List.of(Linear.class, TransposedLinear.class, Conv2d.class, Conv3d.class);
  }

  @Override
  public <L extends Module & Adaptable> TunerLayer attach(
      String path, L layer, Ia3Config c, TunerContext context) {
    Rng rng = context.rng();
    boolean feedforward = c.isFeedforward(path);
    return switch (layer) {
      case Linear l ->
          vector(feedforward, l, l.weight(), l.bias(), l.inFeatures(), l.outFeatures(), c, rng);
      case TransposedLinear l ->
          vector(feedforward, l, l.weight(), l.bias(), l.inFeatures(), l.outFeatures(), c, rng);
      case Conv2d l ->
          vector(feedforward, l, l.weight(), l.bias(), l.inChannels(), l.weight().dim(0), c, rng);
      case Conv3d l ->
          vector(
              feedforward, l, l.weight(), l.bias(), l.weight().dim(1), l.weight().dim(0), c, rng);
      default ->
          throw new IllegalArgumentException(
              "IA3 cannot adapt '"
                  + path
                  + "' of type "
                  + layer.getClass().getSimpleName()
                  + "; it adapts Linear, TransposedLinear, Conv2d and Conv3d");
    };
  }

  private static TunerLayer vector(
      boolean feedforward,
      Module layer,
      Parameter weight,
      @Nullable Parameter bias,
      int in,
      int out,
      Ia3Config c,
      Rng rng) {
    int n = feedforward ? in : out;
    int[] shape =
        layer instanceof Conv3d
            ? new int[] {1, n, 1, 1, 1}
            : layer instanceof Conv2d
                ? new int[] {1, n, 1, 1}
                : feedforward ? new int[] {1, n} : new int[] {n, 1};
    Parameter l = c.initWeights() ? Initial.constant(1, shape) : Initial.normal(rng, 1, shape);
    return new Vector(layer, weight, bias, l, feedforward);
  }

  private record Vector(
      Module layer, Parameter weight, @Nullable Parameter bias, Parameter l, boolean feedforward)
      implements TunerLayer {
    @Override
    public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
      Tensor perChannel = l.shape().rank() > 2 ? l : l.reshape(-1);
      return feedforward ? base.apply(x.mul(perChannel)) : base.apply(x).mul(perChannel);
    }

    @Override
    public List<Entry> parameters() {
      return List.of(new Entry("ia3_l", "", l));
    }

    @Override
    public Map<Parameter, Tensor> merged() {
      Map<Parameter, Tensor> merged = new LinkedHashMap<>();
      merged.put(weight, weight.mul(overWeight()));
      if (!feedforward && bias != null) {
        merged.put(bias, bias.mul(l.reshape(-1)));
      }
      return merged;
    }

    /** Each group of outputs has its own slice of the inputs: (out, in / groups, 1, 1). */
    private Tensor ofGroups(Conv2d c) {
      int in = c.weight().dim(1);
      int out = c.weight().dim(0) / c.groups();
      Tensor[] rows = new Tensor[c.groups()];
      for (int g = 0; g < rows.length; g++) {
        rows[g] = l.slice(1, g * in, (g + 1) * in).mul(Tensor.full(1, out, in, 1, 1));
      }
      return Tensor.concat(0, rows);
    }

    /** l in a shape that broadcasts over the weight. */
    private Tensor overWeight() {
      return switch (layer) {
        case TransposedLinear t -> l.transpose(0, 1);
        case Conv2d c when feedforward && c.groups() > 1 -> ofGroups(c);
        case Conv2d c -> feedforward ? l : l.reshape(-1, 1, 1, 1);
        case Conv3d c -> feedforward ? l : l.reshape(-1, 1, 1, 1, 1);
        default -> l;
      };
    }
  }

  // ---- the file

  private static ObjectNode defaults() {
    ObjectNode tree = PeftFormat.defaults(Ia3Config.PEFT_TYPE);
    tree.putNull("exclude_modules");
    tree.put("fan_in_fan_out", false);
    tree.putNull("feedforward_modules");
    tree.put("init_ia3_weights", true);
    tree.putNull("modules_to_save");
    tree.putNull("target_modules");
    return tree;
  }

  @Override
  public Ia3Config read(AdapterConfig file) throws IOException {
    file.warnUnknownKeys(defaults().properties().stream().map(Map.Entry::getKey).toList());
    TargetFields fields = TargetFields.read(file);
    List<String> names = file.textOrTexts("feedforward_modules");
    boolean regex = file.isText("feedforward_modules");
    if (names != null && regex) {
      TargetFields.requireRegex(file, "feedforward_modules", names.getFirst());
    }
    return file.checked(
        () ->
            new Ia3Config(
                fields.targets(),
                names == null ? Feedforward.OPEN : regex ? List.of() : names,
                names != null && regex ? names.getFirst() : null,
                file.flag("init_ia3_weights", true),
                file.flag("fan_in_fan_out", false),
                fields.taskType(),
                fields.baseModel()));
  }

  /**
   * Fills in, as peft does, the feed-forward layers, too, where a file leaves them open; what a
   * file says of them stays, also where it is none of them.
   */
  @Override
  public Ia3Config forModel(Ia3Config c, String modelType) {
    boolean open = TargetsByModel.isLeftOpen(c.targets());
    TargetSpec targets =
        open ? TargetsByModel.of(Ia3Tuner.class, modelType, c.targets()) : c.targets();
    if (c.feedforwardRegex() != null) {
      return c.withTargets(targets);
    }
    boolean openFile = open && c.targets().fromFile();
    List<String> feedforward = c.feedforward();
    if (feedforward.isEmpty() && (feedforward == Feedforward.OPEN || open && !openFile)) {
      feedforward = TargetsByModel.names(Ia3Tuner.class, "feedforward", modelType);
    } else if (!openFile) {
      return c.withTargets(targets);
    }
    return c.withFeedforward(List.of()).withTargets(targets).withFeedforward(feedforward);
  }

  @Override
  public ObjectNode write(Ia3Config c) {
    ObjectNode tree = defaults();
    tree.put("fan_in_fan_out", c.fanInFanOut());
    tree.put("init_ia3_weights", c.initWeights());
    if (c.feedforwardRegex() == null) {
      ArrayNode names = tree.putArray("feedforward_modules");
      c.feedforward().forEach(names::add);
    } else {
      tree.put("feedforward_modules", c.feedforwardRegex());
    }
    TargetFields.write(c, tree);
    return tree;
  }

  @Override
  public void requireSame(String path, Ia3Config present, Ia3Config file) {
    boolean here = present.isFeedforward(path);
    if (here != file.isFeedforward(path)) {
      throw new IllegalArgumentException(
          "the adapter in the file takes '"
              + path
              + "' for "
              + (here ? "no " : "")
              + "feed-forward, this model does"
              + (here ? "" : " not"));
    }
  }
}
