package dev.peft4j.tuner.lora;

import dev.peft4j.nn.Parameter;

/**
 * An adapter of a layer that adds scale · B · A to its weight, where A (r, …) and B (out, r, …) are
 * taken as matrices of r rows and of r columns: what a weighted merge works with.
 */
interface LowRank {
  /** A, of which the first dimension is the rank. */
  Parameter a();

  /** B, of which the second dimension is the rank. */
  Parameter b();

  /** What the product is multiplied by. */
  float scale();
}
