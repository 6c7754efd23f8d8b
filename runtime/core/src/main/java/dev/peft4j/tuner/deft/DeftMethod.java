package dev.peft4j.tuner.deft;

/** The way in which the directions that are taken out follow from P. */
public enum DeftMethod {
  /** P and relu(P). */
  RELU,
  /** An orthonormal basis of P. */
  QR
}
