package dev.peft4j.tuner.lora;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.annotation.Init;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Int8Rows;
import dev.peft4j.data.Nf4;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.PeftModel;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Starts of LoRA that look at data or change the base: CorDA, LoRA-GA, EVA and LoftQ, as peft's
 * {@code preprocess_corda}, {@code preprocess_loraga}, {@code initialize_lora_eva_weights} and
 * {@code init_lora_weights="loftq"}. Targets must be linear layers. {@link #start} does for an
 * adapter that is there, such as that of a generated class, what its settings ask for.
 *
 * <p>CorDA and LoRA-GA take s·B·A off the weights of the base, for good, and LoftQ quantizes them:
 * save the base, too ({@link PeftModel#saveBase}), and load the adapter onto that.
 */
public final class LoraData {
  private static final String DEFAULT = "default";

  /** The part of a weight that CorDA's adapters start from. */
  public enum CordaMethod {
    /** The directions that the data uses most, to learn more of its kind (instruction preview). */
    IPM,
    /** Those that it uses least, to keep what the model knows (knowledge preservation). */
    KPM
  }

  /** The choice of the gradient's singular vectors for LoRA-GA's A and B. */
  public enum GaDirection {
    /** A the first r right ones, B the r left ones after the first r: peft's default. */
    A_R_B_2R("ArB2r"),
    /** A the r right ones after the first r, B the first r left ones. */
    A_2R_B_R("A2rBr"),
    /** A the second, fourth and so on, B the first, third and so on. */
    A_R_B_R("ArBr");

    private final String name;

    GaDirection(String name) {
      this.name = name;
    }

    private static GaDirection named(String name) {
      for (GaDirection d : values()) {
        if (d.name.equals(name)) {
          return d;
        }
      }
      throw new IllegalArgumentException(
          "direction is '" + name + "', must be ArB2r, A2rBr or ArBr");
    }
  }

  /** The size of LoRA-GA's A and B. */
  public enum GaScale {
    /** B times the fourth root of the outputs over √γ: peft's default. */
    STABLE,
    /** B as large as the weight's largest singular value. */
    WEIGHT_SVD,
    /** Both over the adapter's scale. */
    GD_SCALE,
    /** As they are. */
    UNIT
  }

  private LoraData() {}

  /**
   * Attaches an adapter that starts from the directions of the weights that matter for the inputs
   * which the layers get (Yang et al. 2024).
   *
   * @param run runs the model on data, of which each layer should see more rows than it has inputs
   * @throws IllegalArgumentException if a target is not a linear layer or sees no input
   */
  public static <M extends Module> AdaptedModel<M> corda(
      M base, LoraConfig config, CordaMethod method, Runnable run) {
    String name = method.name().toLowerCase(Locale.ROOT);
    LoraConfig corda = config.started(Init.CORDA, StartSettings.corda(name));
    AdaptedModel<M> model = PeftModel.of(base, corda);
    CordaStart.begin(new StartLayers(model, DEFAULT), corda, method, run);
    return model;
  }

  /**
   * Attaches an adapter whose first step is close to that of the whole weights (Wang et al. 2024):
   * A and B are singular vectors of the loss's gradient.
   *
   * @param gamma of {@link GaScale#STABLE}; peft's default is 16
   * @param step makes forward and backward passes, {@code loss.backward()}, for some batches
   * @throws IllegalArgumentException if a target is not a linear layer or gets no gradient
   */
  public static <M extends Module> AdaptedModel<M> loraGa(
      M base,
      LoraConfig config,
      GaDirection direction,
      GaScale scale,
      double gamma,
      Runnable step) {
    String name = scale.name().toLowerCase(Locale.ROOT);
    LoraConfig ga = config.started(Init.LORA_GA, StartSettings.loraGa(direction.name, name, gamma));
    AdaptedModel<M> model = PeftModel.of(base, ga);
    GaStart.begin(new StartLayers(model, DEFAULT), ga, direction, scale, gamma, step);
    return model;
  }

  /**
   * Attaches an adapter whose A are the main directions of what goes into the layers, with ranks
   * dealt to the layers by how much they explain (Paischer et al. 2024); B is zero, and the base
   * stays.
   *
   * @param rho a layer's rank is at most this multiple of what it would be; peft's default is 2
   * @param tau directions are taken once the cosine from batch to batch is this; peft's default is
   *     .99
   * @param whiten whether directions are divided by the roots of their singular values
   * @param batches run the model on a batch each; they are repeated until directions stay
   * @throws IllegalArgumentException if directions do not settle
   */
  public static <M extends Module> AdaptedModel<M> eva(
      M base, LoraConfig config, double rho, double tau, boolean whiten, List<Runnable> batches) {
    AdaptedModel<M> model = PeftModel.of(base, config);
    EvaStart.begin(model, DEFAULT, config, rho, tau, whiten, batches);
    return model;
  }

  /**
   * Attaches an adapter that makes up for what quantizing the base loses (Li et al. 2023): the
   * weights of the targets are held in codes from then on, and s·B·A is the best product of its
   * rank for what is missing.
   *
   * @param encoding of the weights: {@link dev.peft4j.data.Nf4}, as peft's {@code loftq_bits = 4},
   *     {@link dev.peft4j.data.Int8Rows}, as 8, or any other with few bits
   * @param iterations how often the weight without the product is quantized anew; peft's default is
   *     1
   * @throws IllegalArgumentException if a target is not a linear layer, or there are no iterations
   */
  public static <M extends Module> AdaptedModel<M> loftq(
      M base, LoraConfig config, Encoding encoding, int iterations) {
    AdaptedModel<M> model = PeftModel.of(base, config);
    LoftqStart.begin(new StartLayers(model, DEFAULT), config, encoding, iterations);
    return model;
  }

  /**
   * Starts the adapter of a model whose weights are in codes already, from the numbers that were
   * encoded: peft's {@code replace_lora_weights_loftq}. The base does not change.
   *
   * @param adapter the adapter's name
   * @param original returns the numbers (out, in) of the weight of the layer at a path
   * @throws IllegalArgumentException if the adapter is not LoRA's, or the numbers of a layer are
   *     too few or too many
   */
  public static void loftq(PeftModel model, String adapter, Function<String, float[]> original) {
    LoftqStart.toCodes(new StartLayers(model, adapter), config(model, adapter), original);
  }

  /**
   * Starts the adapter of a model as its settings ask ({@link LoraConfig#init}), with data: EVA,
   * CORDA, LORA_GA and LOFTQ, which needs none. An adapter with another start stays as it is. The
   * adapter must not have been trained; EVA makes it anew, so an optimizer is made afterwards.
   *
   * @param losses compute the loss of a batch each
   * @throws IllegalArgumentException if the model has not one adapter, or that is not LoRA's; or if
   *     a target is not a linear layer
   */
  public static void start(PeftModel model, List<Supplier<Tensor>> losses) {
    if (model.adapters().names().size() != 1) {
      throw new IllegalArgumentException(
          "a start with data is for a model of one adapter, found " + model.adapters().names());
    }
    String adapter = model.adapters().names().getFirst();
    LoraConfig config = config(model, adapter);
    JsonNode s = StartSettings.read(config.startSettings());
    List<Runnable> batches =
        losses.stream().<Runnable>map(loss -> () -> loss.get().storage()).toList();
    switch (config.init()) {
      case EVA ->
          EvaStart.begin(
              model,
              adapter,
              config,
              s.path("rho").asDouble(2),
              s.path("tau").asDouble(0.99),
              s.path("whiten").asBoolean(false),
              batches);
      case CORDA ->
          CordaStart.begin(
              new StartLayers(model, adapter),
              config,
              CordaMethod.valueOf(s.path("corda_method").asText("ipm").toUpperCase(Locale.ROOT)),
              () -> batches.forEach(Runnable::run));
      case LORA_GA ->
          GaStart.begin(
              new StartLayers(model, adapter),
              config,
              GaDirection.named(s.path("direction").asText("ArB2r")),
              GaScale.valueOf(s.path("scale").asText("stable").toUpperCase(Locale.ROOT)),
              s.path("stable_gamma").asDouble(16),
              () -> losses.forEach(loss -> loss.get().backward()));
      case LOFTQ ->
          LoftqStart.begin(
              new StartLayers(model, adapter),
              config,
              s.path("loftq_bits").asInt(4) == 8 ? new Int8Rows() : new Nf4(),
              s.path("loftq_iter").asInt(1));
      default -> {}
    }
  }

  /** Returns whether an adapter of these settings wants {@link #start}. */
  public static boolean wantsStart(PeftConfig config) {
    return config instanceof LoraConfig lora
        && switch (lora.init()) {
          case EVA, CORDA, LORA_GA, LOFTQ -> true;
          default -> false;
        };
  }

  private static LoraConfig config(PeftModel model, String adapter) {
    if (model.adapters().config(adapter) instanceof LoraConfig lora) {
      return lora;
    }
    throw new IllegalArgumentException(
        "adapter '"
            + adapter
            + "' is of type "
            + model.adapters().config(adapter).peftType()
            + "; starts with data are LoRA's");
  }
}
