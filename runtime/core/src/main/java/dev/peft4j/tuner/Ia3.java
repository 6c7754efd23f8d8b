package dev.peft4j.tuner;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.annotation.Bias;
import dev.peft4j.data.Rng;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
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
 * </table>
 */
@AutoService(Tuner.class)
public final class Ia3 implements Tuner {
  /** peft's name. */
  public static final String PEFT_TYPE = "IA3";

  /**
   * peft's {@code IA3Config}.
   *
   * @param targets which layers get an adapter
   * @param feedforward which of them are feed-forward: their paths end in one of these
   * @param feedforwardRegex the same as a regular expression for the whole path, instead of {@code
   *     feedforward}; or null
   * @param initWeights whether l starts as ones; else it is drawn from N(0, 1)
   * @param fanInFanOut peft's note of how targeted weights are stored; the layers themselves know
   *     it
   * @param taskType peft's task type, or null
   * @param baseModel name of the base model, or null
   */
  public record Config(
      TargetSpec targets,
      List<String> feedforward,
      @Nullable String feedforwardRegex,
      boolean initWeights,
      boolean fanInFanOut,
      @Nullable String taskType,
      @Nullable String baseModel)
      implements PeftConfig {

    /**
     * Checks that what is feed-forward is targeted.
     *
     * @throws IllegalArgumentException if a name is not among the targets, or the modules are given
     *     in two ways
     */
    public Config {
      if (feedforward != Feedforward.OPEN) {
        feedforward = new Feedforward(feedforward, feedforwardRegex);
      }
      if (!targets.targets().isEmpty()
          && !new HashSet<>(targets.targets()).containsAll(feedforward)) {
        throw new IllegalArgumentException(
            "feedforward modules "
                + feedforward
                + " must be among the targets "
                + targets.targets());
      }
      if (!feedforward.isEmpty() && feedforwardRegex != null) {
        throw new IllegalArgumentException(
            "feedforward modules are given as a list "
                + feedforward
                + " and as a regex '"
                + feedforwardRegex
                + "': give one");
      }
    }

    /**
     * Adapts what {@code targets} names; of these {@code feedforward} in their inputs, the others
     * in their results.
     */
    public static Config of(TargetSpec targets, String... feedforward) {
      return new Config(targets, List.of(feedforward), null, true, false, null, null);
    }

    /** Starts settings without targets. */
    public static Builder builder() {
      return new Builder();
    }

    @Override
    public String peftType() {
      return PEFT_TYPE;
    }

    @Override
    public Bias bias() {
      return Bias.NONE;
    }

    @Override
    public Config withTargets(TargetSpec other) {
      return with(other, fanInFanOut);
    }

    @Override
    public Config attachedTo(Module layer) {
      return layer instanceof Conv2d ? this : with(targets, layer instanceof TransposedLinear);
    }

    private Config with(TargetSpec other, boolean transposed) {
      return new Config(
          other, feedforward, feedforwardRegex, initWeights, transposed, taskType, baseModel);
    }

    /** With names that need not be among the targets: what ends in one of them is feed-forward. */
    private Config withFeedforward(List<String> names) {
      boolean targeted =
          targets.targets().isEmpty() || new HashSet<>(targets.targets()).containsAll(names);
      String ends =
          names.stream().map(n -> n.replace(".", "\\.")).collect(joining("|", ".*(", ")"));
      return new Config(
          targets,
          targeted ? names : List.of(),
          targeted ? null : ends,
          initWeights,
          fanInFanOut,
          taskType,
          baseModel);
    }

    /** The feed-forward modules must stay a part of the targets. */
    @Override
    public boolean condensesTargets() {
      return false;
    }

    /**
     * Whether the layer at {@code path} is feed-forward; as in peft a list is of mere ends, without
     * regard to dots.
     */
    public boolean isFeedforward(String path) {
      return feedforward instanceof Feedforward f && f.isIn(path); // as the constructor made it
    }
  }

  /** Builds a {@link Config}; lists add up when a method is called again. */
  public static final class Builder extends ConfigBuilder<Builder> {
    private final List<String> feedforward = new ArrayList<>();
    private @Nullable String feedforwardRegex;
    private boolean initWeights = true;

    private Builder() {}

    @Override
    protected Builder self() {
      return this;
    }

    /** Those of the targets that are feed-forward: ends of paths, as among the targets. */
    public Builder feedforward(String... names) {
      feedforward.addAll(List.of(names));
      return this;
    }

    /** The same as a regular expression for the whole path. */
    public Builder feedforwardRegex(String regex) {
      feedforwardRegex = regex;
      return this;
    }

    /** Whether l starts as ones, as it does by default; else it is drawn from N(0, 1). */
    public Builder initWeights(boolean value) {
      initWeights = value;
      return this;
    }

    /**
     * The settings.
     *
     * @throws IllegalArgumentException naming the setting that is wrong
     */
    public Config build() {
      return new Config(
          spec(), feedforward, feedforwardRegex, initWeights, false, taskType(), baseModel());
    }
  }

  /** For {@link java.util.ServiceLoader}. */
  public Ia3() {}

  @Override
  public String peftType() {
    return PEFT_TYPE;
  }

  @Override
  public String modelType() {
    return "IA3Model";
  }

  /** peft does not say that they are adapted. */
  @Override
  public String layerType(Module layer) {
    return layer instanceof TransposedLinear ? "Linear" : layer.getClass().getSimpleName();
  }

  @Override
  public List<Class<? extends Module>> layerTypes() {
    return List.of(Linear.class, TransposedLinear.class, Conv2d.class);
  }

  @Override
  public <L extends Module & Adaptable> TunerLayer attach(
      String path, L layer, PeftConfig config, Rng rng) {
    Config c = (Config) config;
    boolean feedforward = c.isFeedforward(path);
    return switch (layer) {
      case Linear l ->
          vector(feedforward, l, l.weight(), l.bias(), l.inFeatures(), l.outFeatures(), c, rng);
      case TransposedLinear l ->
          vector(feedforward, l, l.weight(), l.bias(), l.inFeatures(), l.outFeatures(), c, rng);
      case Conv2d l ->
          vector(
              feedforward, l, l.weight(), l.bias(), l.weight().dim(1), l.weight().dim(0), c, rng);
      default ->
          throw new IllegalArgumentException(
              "IA3 cannot adapt '"
                  + path
                  + "' of type "
                  + layer.getClass().getSimpleName()
                  + "; it adapts Linear, TransposedLinear and Conv2d");
    };
  }

  private static TunerLayer vector(
      boolean feedforward,
      Module layer,
      Parameter weight,
      @Nullable Parameter bias,
      int in,
      int out,
      Config c,
      Rng rng) {
    int n = feedforward ? in : out;
    int[] shape =
        layer instanceof Conv2d
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
      Tensor perChannel = layer instanceof Conv2d ? l : l.reshape(-1);
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

    /** l in a shape that broadcasts over the weight. */
    private Tensor overWeight() {
      return switch (layer) {
        case TransposedLinear t -> l.transpose(0, 1);
        case Conv2d c -> feedforward ? l : l.reshape(-1, 1, 1, 1);
        default -> l;
      };
    }
  }

  // ---- the file

  private static ObjectNode defaults() {
    ObjectNode tree = PeftFormat.defaults(PEFT_TYPE);
    tree.putNull("exclude_modules");
    tree.put("fan_in_fan_out", false);
    tree.putNull("feedforward_modules");
    tree.put("init_ia3_weights", true);
    tree.putNull("modules_to_save");
    tree.putNull("target_modules");
    return tree;
  }

  @Override
  public Config read(AdapterConfig file) throws IOException {
    file.warnUnknownKeys(defaults().properties().stream().map(Map.Entry::getKey).toList());
    TargetFields fields = TargetFields.read(file);
    List<String> names = file.textOrTexts("feedforward_modules");
    boolean regex = file.isText("feedforward_modules");
    return file.checked(
        () ->
            new Config(
                fields.targets(),
                names == null ? Feedforward.OPEN : regex ? List.of() : names,
                names != null && regex ? names.getFirst() : null,
                file.flag("init_ia3_weights", true),
                file.flag("fan_in_fan_out", false),
                fields.taskType(),
                fields.baseModel()));
  }

  /**
   * As peft does, it fills in the feed-forward layers, too, where a file leaves them open; what a
   * file says of them stays, also where it is none of them.
   */
  @Override
  public PeftConfig forModel(PeftConfig config, String modelType) {
    Config c = (Config) config;
    boolean open = TargetsByModel.isLeftOpen(c.targets());
    TargetSpec targets = open ? TargetsByModel.of(PEFT_TYPE, modelType, c.targets()) : c.targets();
    if (c.feedforwardRegex() != null) {
      return c.withTargets(targets);
    }
    boolean openFile = open && c.targets().fromFile();
    List<String> feedforward = c.feedforward();
    if (feedforward.isEmpty() && (feedforward == Feedforward.OPEN || open && !openFile)) {
      feedforward = TargetsByModel.names(PEFT_TYPE + "_FEEDFORWARD", modelType);
    } else if (!openFile) {
      return c.withTargets(targets);
    }
    return c.withFeedforward(List.of()).withTargets(targets).withFeedforward(feedforward);
  }

  @Override
  public ObjectNode write(PeftConfig config) {
    Config c = (Config) config;
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
  public void requireSame(String path, PeftConfig present, PeftConfig file) {
    boolean here = ((Config) present).isFeedforward(path);
    if (here != ((Config) file).isFeedforward(path)) {
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
