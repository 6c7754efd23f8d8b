/** Numbers that say how good predictions are, by the definitions of scikit-learn. */
@org.jspecify.annotations.NullMarked
package dev.peft4j.metrics;
