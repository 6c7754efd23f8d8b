package dev.peft4j.metrics;

/** The way in which the numbers of the classes are combined. */
public enum Average {
  /** The mean over the classes that occur among labels or predictions. */
  MACRO,
  /** The number over all examples together; with one label per example this is the accuracy. */
  MICRO,
  /** The mean over the classes, weighted by how often each is a label. */
  WEIGHTED
}
