package dev.peft4j.tuner.lora;

import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.linalg.LowRankSvd;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.Weights;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.IntFunction;

/**
 * Starts of LoRA that look at data first: CorDA, LoRA-GA and EVA, as peft's {@code
 * preprocess_corda}, {@code preprocess_loraga} and {@code initialize_lora_eva_weights}. Targets
 * must be linear layers.
 *
 * <p>CorDA and LoRA-GA take s·B·A off the weights of the base, for good: save the base, too ({@link
 * PeftModel#saveBase}), and load the adapter onto that.
 */
public final class LoraData {
  private static final String PREFIX = "base_model.model.";
  private static final String A = ".lora_A.default.weight";
  private static final String B = ".lora_B.default.weight";
  private static final double DAMPING = 0.01;
  private static final double INVERSE_ERROR = 0.05;
  private static final int ITERATIONS = 4;
  private static final long SEED = 20240403;

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

  /** The layers of an adapter that was attached plainly. */
  private static final class Layers {
    private final AdaptedModel<? extends Module> model;
    private final Map<String, Parameter> byName = new HashMap<>();
    private final SequencedMap<String, WeightedLayer> layers = new LinkedHashMap<>();

    Layers(AdaptedModel<? extends Module> model, Module base) {
      this.model = model;
      for (NamedParameter p : model.namedParameters()) {
        byName.put(p.name(), p.parameter());
      }
      for (NamedModule m : base.namedModules()) {
        WeightedLayer linear = Weights.linear(m.module());
        if (linear != null && byName.containsKey(PREFIX + m.name() + A)) {
          layers.put(m.name(), linear);
        }
      }
      if (layers.isEmpty()) {
        throw new IllegalArgumentException("none of the targets is a linear layer");
      }
    }

    void watch(Runnable run, java.util.function.BiConsumer<String, float[]> receiver) {
      model.withoutAdapter(
          () -> {
            LayerInputs.watch(layers, receiver, run);
            return true;
          });
    }

    void set(String path, float[] a, float[] b) {
      parameter(path + A).set(a);
      parameter(path + B).set(b);
    }

    Parameter parameter(String end) {
      return java.util.Objects.requireNonNull(byName.get(PREFIX + end), end);
    }

    /** Takes s · B · A off the base's weight. */
    void takeOff(String path, float scale) {
      WeightedLayer layer = java.util.Objects.requireNonNull(layers.get(path), path);
      Tensor delta =
          parameter(path + B).ownTensor().matmul(parameter(path + A).ownTensor()).mul(scale);
      Tensor turned = layer instanceof TransposedLinear ? delta.transpose(0, 1) : delta;
      layer.weight().set(layer.weight().ownTensor().sub(turned).storage());
    }
  }

  private static <M extends Module> AdaptedModel<M> plain(M base, LoraConfig config) {
    return PeftModel.of(base, config);
  }

  /**
   * Attaches an adapter that starts from the directions of the weights that matter for the inputs
   * which the layers get (Yang et al. 2024).
   *
   * @param run runs the model on data, of which each layer should see more rows than it has inputs
   * @throws IllegalArgumentException if a target is not a linear layer or sees no input
   */
  public static <M extends Module> AdaptedModel<M> corda(
      M base, LoraConfig config, CordaMethod method, Runnable run) {
    String settings =
        "{\"cache_file\": null, \"corda_method\": \""
            + (method == CordaMethod.IPM ? "ipm" : "kpm")
            + "\", \"covariance_file\": null, \"prune_temporary_fields\": true,"
            + " \"use_float16_for_covariance\": false, \"verbose\": false}";
    LoraConfig corda = config.started(Init.CORDA, settings);
    AdaptedModel<M> model = plain(base, corda);
    Layers all = new Layers(model, base);
    Map<String, double[]> sums = new HashMap<>();
    Map<String, Integer> calls = new HashMap<>();
    all.watch(
        run,
        (path, x) -> {
          int in = Weights.inputs(java.util.Objects.requireNonNull(all.layers.get(path)));
          addSquares(sums.computeIfAbsent(path, p -> new double[in * in]), x, in);
          calls.merge(path, 1, Integer::sum);
        });
    all.layers.forEach(
        (path, layer) -> {
          double[] sum = sums.get(path);
          if (sum == null) {
            throw new IllegalArgumentException("CorDA: nothing went through '" + path + "'");
          }
          int n = calls.getOrDefault(path, 1);
          float[] covariance = new float[sum.length];
          for (int i = 0; i < sum.length; i++) {
            covariance[i] = (float) (sum[i] / n);
          }
          float scale = (float) corda.scaleOf(path);
          start(all, path, layer, covariance, corda.rankOf(path), scale, method);
          all.takeOff(path, scale);
        });
    return model;
  }

  /** Adds xᵀ·x of rows over their largest number. */
  private static void addSquares(double[] sum, float[] x, int in) {
    float largest = Float.NEGATIVE_INFINITY;
    for (float v : x) {
      largest = Math.max(largest, v);
    }
    float by = Math.abs(largest);
    for (int row = 0; row < x.length / in; row++) {
      for (int i = 0; i < in; i++) {
        float a = x[row * in + i] / by;
        for (int j = 0; j < in; j++) {
          sum[i * in + j] += a * (x[row * in + j] / by);
        }
      }
    }
  }

  private static void start(
      Layers all,
      String path,
      WeightedLayer layer,
      float[] covariance,
      int r,
      float scale,
      CordaMethod method) {
    int in = Weights.inputs(layer);
    int out = Weights.outputs(layer);
    int k = Math.min(in, out);
    if (r > k) {
      throw new IllegalArgumentException(
          "CorDA needs a rank of at most " + k + " for '" + path + "'");
    }
    double mean = 0;
    for (int i = 0; i < in; i++) {
      mean += covariance[i * in + i] / in;
    }
    Tensor c = Tensor.of(covariance, in, in);
    double damping = DAMPING;
    Tensor damped;
    Tensor inverse;
    do {
      damped = c.add(Tensor.eye(in).mul((float) (mean * damping)));
      inverse = damped.inverse();
      damping *= 2;
    } while (damped.matmul(inverse).sub(Tensor.eye(in)).square().sum().sqrt().item()
        >= INVERSE_ERROR);
    Tensor w = Tensor.of(Weights.numbers(layer), out, in);
    LinearAlgebra.Svd svd = LinearAlgebra.available().svd(w.matmul(damped).toFloats(), out, in);
    float[] v = Tensor.of(svd.vt(), k, in).matmul(inverse).toFloats();
    int first = method == CordaMethod.IPM ? 0 : k - r;
    float[] a = new float[r * in];
    float[] b = new float[out * r];
    for (int n = 0; n < r; n++) {
      float root = (float) Math.sqrt(svd.s()[first + n] / scale);
      for (int j = 0; j < in; j++) {
        a[n * in + j] = root * v[(first + n) * in + j];
      }
      for (int i = 0; i < out; i++) {
        b[i * r + n] = root * svd.u()[i * k + first + n];
      }
    }
    all.set(path, a, b);
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
    String settings =
        "{\"direction\": \""
            + direction.name
            + "\", \"scale\": \""
            + scale.name().toLowerCase(java.util.Locale.ROOT)
            + "\", \"stable_gamma\": "
            + dev.peft4j.io.PythonJson.number(gamma)
            + "}";
    LoraConfig ga = config.started(Init.LORA_GA, settings);
    AdaptedModel<M> model = plain(base, ga);
    Layers all = new Layers(model, base);
    Map<String, float[]> gradients = gradients(all, step);
    all.layers.forEach(
        (path, layer) -> {
          float s = (float) ga.scaleOf(path);
          float[] g = java.util.Objects.requireNonNull(gradients.get(path));
          start(all, path, layer, g, ga.rankOf(path), s, direction, scale, gamma);
          all.takeOff(path, s);
        });
    return model;
  }

  private static Map<String, float[]> gradients(Layers all, Runnable step) {
    Map<String, float[]> found = new HashMap<>();
    all.layers.values().forEach(layer -> layer.weight().unfreeze());
    try {
      all.model.withoutAdapter(
          () -> {
            step.run();
            return true;
          });
      all.layers.forEach(
          (path, layer) -> {
            Tensor g = layer.weight().grad();
            if (g == null) {
              throw new IllegalArgumentException(
                  "LoRA-GA: no gradient reached '" + path + "'; call backward() on the loss");
            }
            Tensor mean = g.div(layer.weight().variable().passes().size());
            Tensor turned = layer instanceof TransposedLinear ? mean.transpose(0, 1) : mean;
            found.put(path, turned.toFloats());
          });
    } finally {
      all.layers
          .values()
          .forEach(
              layer -> {
                layer.weight().variable().clearGradient();
                layer.weight().freeze();
              });
    }
    return found;
  }

  private static void start(
      Layers all,
      String path,
      WeightedLayer layer,
      float[] gradient,
      int r,
      float s,
      GaDirection direction,
      GaScale scale,
      double gamma) {
    int in = Weights.inputs(layer);
    int out = Weights.outputs(layer);
    int q = Math.min(4 * r, Math.min(in, out));
    if (2 * r > q) {
      throw new IllegalArgumentException(
          "LoRA-GA needs a rank of at most " + q / 2 + " for '" + path + "', got " + r);
    }
    IntFunction<float[]> normal = normal(r * (in + out));
    LinearAlgebra.Svd svd = LowRankSvd.of(gradient, out, in, q, ITERATIONS, normal);
    float[] a = new float[r * in];
    float[] b = new float[out * r];
    float firstOfB = 0;
    for (int n = 0; n < r; n++) {
      int ofA =
          switch (direction) {
            case A_R_B_2R -> n;
            case A_2R_B_R -> r + n;
            case A_R_B_R -> 2 * n + 1;
          };
      int ofB =
          switch (direction) {
            case A_R_B_2R -> r + n;
            case A_2R_B_R -> n;
            case A_R_B_R -> 2 * n;
          };
      firstOfB = n == 0 ? svd.s()[ofB] : firstOfB;
      System.arraycopy(svd.vt(), ofA * in, a, n * in, in);
      for (int i = 0; i < out; i++) {
        b[i * r + n] = svd.u()[i * q + ofB] * svd.s()[ofB];
      }
    }
    double timesA = scale == GaScale.GD_SCALE ? 1 / s : 1;
    double timesB =
        switch (scale) {
          case STABLE ->
              Math.pow(layer.weight().dim(0), 0.25) / Math.sqrt(gamma); // as stored, in peft
          case WEIGHT_SVD ->
              firstOfB > 0
                  ? LowRankSvd.of(Weights.numbers(layer), out, in, r, ITERATIONS, normal).s()[0]
                      / firstOfB
                  : 1;
          case GD_SCALE -> 1 / s;
          case UNIT -> 1;
        };
    all.set(path, times(a, timesA), times(b, timesB));
  }

  /** torch's global generator, from which peft has drawn a usual start by then, or a fixed one. */
  private static IntFunction<float[]> normal(int drawnBefore) {
    TorchGenerator torch = TorchGenerator.global();
    if (torch == null) {
      return n -> new Rng(SEED).normal(n, 0, 1);
    }
    torch.skip(drawnBefore);
    return n -> torch.normal(n, 0, 1);
  }

  private static float[] times(float[] x, double factor) {
    for (int i = 0; i < x.length; i++) {
      x[i] *= (float) factor;
    }
    return x;
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
    if (batches.isEmpty()) {
      throw new IllegalArgumentException("EVA needs at least one batch");
    }
    AdaptedModel<M> first = plain(base, config);
    Layers all = new Layers(first, base);
    SequencedMap<String, Integer> ranks = new LinkedHashMap<>();
    Map<String, Integer> sizes = new HashMap<>();
    all.layers.forEach(
        (path, layer) -> {
          ranks.put(path, config.rankOf(path));
          sizes.put(path, Weights.inputs(layer));
        });
    EvaRanks eva = EvaRanks.of(ranks, sizes, rho, tau, batches, all::watch);
    first.adapters().unload();
    String settings =
        "{\"adjust_scaling_factors\": true, \"label_mask_value\": -100, \"rho\": "
            + dev.peft4j.io.PythonJson.number(rho)
            + ", \"tau\": "
            + dev.peft4j.io.PythonJson.number(tau)
            + ", \"use_label_mask\": true, \"whiten\": "
            + whiten
            + "}";
    SequencedMap<String, Integer> newRanks = new LinkedHashMap<>();
    SequencedMap<String, Double> newAlphas = new LinkedHashMap<>();
    List<String> targets = ranks.keySet().stream().filter(path -> eva.rank(path) > 0).toList();
    for (String path : targets) {
      int r = eva.rank(path);
      double alpha = config.alphaOf(path) * r / ranks.getOrDefault(path, 1);
      if (r != config.r()) {
        newRanks.put(path, r);
      }
      if (alpha != config.alpha()) {
        newAlphas.put(path, alpha);
      }
    }
    TargetSpec t = config.targets();
    LoraConfig dealt =
        config
            .started(Init.EVA, settings)
            .withPatterns(newRanks, newAlphas)
            .withTargets(t.withTargets(targets));
    AdaptedModel<M> model = plain(base, dealt);
    Layers now = new Layers(model, base);
    now.layers.forEach(
        (path, layer) ->
            now.parameter(path + A).set(eva.directions(path, Weights.inputs(layer), whiten)));
    return model;
  }
}
