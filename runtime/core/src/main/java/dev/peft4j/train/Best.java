package dev.peft4j.train;

/**
 * The best evaluation of a run.
 *
 * @param step after which step it was
 * @param value what the monitored number was
 */
public record Best(long step, double value) {}
