package dev.peft4j.tuner.lora;

import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.PeftModel;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Optimizers that know what A and B of LoRA are: peft's {@code peft.optimizers}. Each is an {@link
 * AdamW} of the model's trainable parameters.
 */
public final class LoraOptimizers {
  private static final String A = ".lora_A.";
  private static final String B = ".lora_B.";

  /** Below this the inverse of a matrix of products would be noise; peft's own number. */
  private static final float DAMPING = 1e-8f;

  private LoraOptimizers() {}

  /** A and B of one layer. */
  private record Pair(Parameter a, Parameter b) {}

  private static List<Pair> pairs(PeftModel model) {
    Map<String, Parameter> as = new LinkedHashMap<>();
    Map<String, Parameter> bs = new LinkedHashMap<>();
    for (NamedParameter p : model.namedParameters()) {
      if (p.name().contains(A) && p.name().endsWith(".weight")) {
        as.put(p.name(), p.parameter());
      } else if (p.name().contains(B) && p.name().endsWith(".weight")) {
        bs.put(p.name().replace(B, A), p.parameter());
      }
    }
    List<Pair> pairs = new ArrayList<>();
    as.forEach(
        (name, a) -> {
          Parameter b = bs.get(name);
          if (b != null && a.shape().rank() == 2) {
            pairs.add(new Pair(a, b));
          }
        });
    if (pairs.isEmpty()) {
      throw new IllegalArgumentException("the model has no LoRA adapter of a linear layer");
    }
    return pairs;
  }

  /**
   * Returns LoRA+ (Hayou et al. 2024): B and vectors learn at {@code ratio} times the rate of A and
   * the rest, factors of embeddings at {@code embeddingRate}. Biases and vectors do not decay.
   *
   * @param settings learning rate, betas, eps and weight decay
   * @param lr the learning rate in the settings
   * @param ratio usually well above 1
   * @param embeddingRate peft's default is 1e-6
   */
  public static AdamW plus(
      PeftModel model, AdamW.Builder settings, float lr, double ratio, double embeddingRate) {
    Map<Parameter, String> names = new IdentityHashMap<>();
    model.namedParameters().forEach(p -> names.put(p.parameter(), p.name()));
    return settings
        .lr(lr)
        .rates(
            p -> {
              String name = names.getOrDefault(p, p.name());
              if (name.contains(".lora_embedding_")) {
                return embeddingRate / lr;
              }
              return name.contains(B) || p.shape().rank() == 1 ? ratio : 1;
            },
            "LoRA+ of ratio " + ratio + ", embeddings at " + embeddingRate)
        .withoutDecay(
            p -> {
              String name = names.getOrDefault(p, p.name());
              return !name.contains(".lora_embedding_")
                  && (name.contains(B) || p.shape().rank() == 1)
                  && (name.contains("bias") || name.contains("norm"));
            })
        .build(model.trainableParameters());
  }

  /**
   * Returns AdamW with preconditioned gradients (Zhang and Pilanci 2024): that of A is multiplied
   * by (Bᵀ·B + reg·I)⁻¹ from the left, that of B by (A·Aᵀ + reg·I)⁻¹ from the right.
   *
   * @param settings learning rate, betas, eps and weight decay
   * @param reg positive; peft's default is 0.01
   */
  public static AdamW riemannian(PeftModel model, AdamW.Builder settings, double reg) {
    Map<Parameter, UnaryOperator<Tensor>> changes = new IdentityHashMap<>();
    for (Pair p : pairs(model)) {
      changes.put(
          p.a,
          g -> {
            Tensor b = p.b.ownTensor();
            return inverse(b.transpose(0, 1).matmul(b), (float) reg).matmul(g);
          });
      changes.put(p.b, g -> g.matmul(inverse(products(p.a), (float) reg)));
    }
    return settings
        .gradients(changes::get, "Riemannian preconditioning with " + reg)
        .build(model.trainableParameters());
  }

  /**
   * Returns LoRA-FA (Zhang et al. 2023): A is frozen, and the gradient of B is g·(A·Aᵀ)⁻¹ / s², in
   * bfloat16 as peft computes it, with s the scale of each layer.
   *
   * @param settings learning rate, betas, eps (peft's is 1e-6) and weight decay
   */
  public static AdamW fa(PeftModel model, AdamW.Builder settings) {
    Map<Parameter, UnaryOperator<Tensor>> changes = new IdentityHashMap<>();
    Map<Parameter, String> names = new IdentityHashMap<>();
    model.namedParameters().forEach(p -> names.put(p.parameter(), p.name()));
    for (Pair p : pairs(model)) {
      p.a.freeze();
      float scale = scale(model, names.getOrDefault(p.a, ""));
      changes.put(
          p.b,
          g -> {
            Tensor product = rounded(g).matmul(rounded(inverse(products(p.a), DAMPING)));
            return rounded(rounded(product).mul(1 / (scale * scale)));
          });
    }
    return settings.late().gradients(changes::get, "LoRA-FA").build(model.trainableParameters());
  }

  private static float scale(PeftModel model, String nameOfA) {
    String path = nameOfA.substring("base_model.model.".length(), nameOfA.indexOf(A));
    String adapter = nameOfA.substring(nameOfA.indexOf(A) + A.length());
    Object config = model.adapters().config(adapter.substring(0, adapter.lastIndexOf(".weight")));
    return config instanceof LoraConfig lora ? (float) lora.scaleOf(path) : 1;
  }

  private static Tensor products(Parameter a) {
    return a.ownTensor().matmul(a.ownTensor().transpose(0, 1));
  }

  private static Tensor inverse(Tensor products, float damping) {
    return products.add(Tensor.eye(products.dim(0)).mul(damping)).inverse();
  }

  /** Rounds to the eight digits of bfloat16 by adding and taking away (Veltkamp 1968). */
  private static Tensor rounded(Tensor x) {
    Tensor large = x.mul(65537);
    return large.sub(large.sub(x));
  }
}
