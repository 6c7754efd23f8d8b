package dev.peft4j.metrics;

/** How one number is made of those of the classes. */
public enum Average {
  /** The mean over the classes that occur among labels or predictions. */
  MACRO,
  /** Counted over all examples together; for one label an example this is the accuracy. */
  MICRO,
  /** The mean over the classes, weighted by how often each is a label. */
  WEIGHTED
}
