package dev.peft4j.tuner.deft;

/** How the directions that are taken out follow from P. */
public enum DeftMethod {
  /** P and relu(P). */
  RELU,
  /** An orthonormal basis of P. */
  QR
}
