/** Metrics of predictions, by the definitions of scikit-learn. */
@org.jspecify.annotations.NullMarked
package dev.peft4j.metrics;
