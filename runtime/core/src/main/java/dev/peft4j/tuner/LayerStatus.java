package dev.peft4j.tuner;

import java.util.List;
import java.util.SequencedMap;

/**
 * The state of one adapted layer or of one module that is trained in full: peft's {@code
 * TunerLayerStatus}.
 *
 * @param name its path as peft has it, for example {@code model.layers.0.q_proj}
 * @param moduleType its type as peft has it, for example {@code lora.Linear} or {@code
 *     ModulesToSaveWrapper}
 * @param enabled false where adapters are disabled, in the scope of {@link
 *     PeftModel#withoutAdapter}
 * @param activeAdapters the adapters that act on a call made here, whether or not they have this
 *     layer
 * @param mergedAdapters those that are merged in this layer
 * @param requiresGrad for each adapter that has this layer whether it is trained
 * @param availableAdapters the adapters that have this layer, by name
 * @param devices for each adapter that has this layer where its parameters are; always {@code cpu}
 *     memory
 */
public record LayerStatus(
    String name,
    String moduleType,
    boolean enabled,
    List<String> activeAdapters,
    List<String> mergedAdapters,
    SequencedMap<String, RequiresGrad> requiresGrad,
    List<String> availableAdapters,
    SequencedMap<String, List<String>> devices) {}
