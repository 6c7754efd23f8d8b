package dev.peft4j.annotation;

/**
 * The initial values of an adapter's weights; peft's {@code init_lora_weights}. IA3 ({@code
 * init_ia3_weights}) has only {@link #DEFAULT}, where the vector starts as ones, and {@link
 * #RANDOM}, where it is drawn from N(0, 1).
 */
public enum Init {
  /**
   * peft's {@code true}: A is drawn from Kaiming's uniform distribution (a = √5) and B is zero, so
   * that the adapter starts as the identity. For an embedding A is zero and B is drawn from N(0,
   * 1).
   */
  DEFAULT,
  /**
   * peft's {@code false}: A and B are both random, so the adapter changes the output from the
   * start.
   */
  RANDOM,
  /** peft's {@code "gaussian"}: A is drawn from N(0, 1/r) (standard deviation 1/r), B is zero. */
  GAUSSIAN,
  /**
   * peft's {@code "orthogonal"}: A and B are made of the odd and the even rows of one random
   * orthogonal matrix, so that B · A is zero although neither of them is. For linear layers; the
   * rank must be even.
   */
  ORTHOGONAL,
  /**
   * peft's {@code "pissa"}: A and B are the largest singular values and vectors of the layer's
   * weight, and the adapter works on what is left of it. For linear layers.
   */
  PISSA,
  /**
   * peft's {@code "olora"}: A and B are the first rows and columns of the weight's QR
   * decomposition, and the adapter works on what is left of it. For linear layers.
   */
  OLORA,
  /**
   * peft's {@code "mica"}: B is the last left singular vectors of the layer's weight and is not
   * trained, A starts at zero. For linear layers.
   */
  MICA,
  /**
   * peft's {@code "eva"}: A is the principal components of the layer's inputs. It needs data; made
   * without, an adapter starts as by {@link #DEFAULT}.
   */
  EVA,
  /**
   * peft's {@code "corda"}: A and B are a part of the weight that the layer's inputs choose, which
   * is taken off the base when the adapter is made. It needs data; what comes with such an adapter
   * is a base of its own.
   */
  CORDA,
  /**
   * peft's {@code "lora_ga"}: A and B follow the gradient of the weight, and their product is taken
   * off the base when the adapter is made. It needs data; what comes with such an adapter is a base
   * of its own.
   */
  LORA_GA,
  /**
   * peft's {@code "loftq"}: the base's weights are quantized, and A and B make up for what is lost.
   * {@code LoraData.start} does it; until then an adapter starts as by {@link #DEFAULT}.
   */
  LOFTQ
}
