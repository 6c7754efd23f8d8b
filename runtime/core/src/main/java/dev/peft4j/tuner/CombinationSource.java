package dev.peft4j.tuner;

import java.util.Map;

/**
 * An adapter that is combined with others.
 *
 * @param <C> the settings of its tuner
 * @param layers its layers by their paths
 * @param weight how much it counts, of either sign
 */
public record CombinationSource<C extends PeftConfig>(
    String name, C config, Map<String, TunerLayer> layers, double weight) {}
