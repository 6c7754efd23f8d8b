package dev.peft4j.train;

/**
 * The best evaluation of a run.
 *
 * @param step the step after which it was measured
 * @param value the value of the monitored number
 */
public record Best(long step, double value) {}
