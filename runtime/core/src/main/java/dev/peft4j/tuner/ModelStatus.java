package dev.peft4j.tuner;

import java.util.List;
import java.util.SequencedMap;

/**
 * The state of an adapted model: peft's {@code TunerModelStatus}.
 *
 * @param baseModelType class of the base model
 * @param adapterModelType class of the tuner in peft, for example {@code LoraModel}
 * @param peftTypes tuner of each adapter, for example {@code LORA}
 * @param trainableParams number of elements that are trained
 * @param totalParams number of elements, those of the adapters included
 * @param numAdapterLayers number of layers and saved modules that some adapter has
 * @param enabled false where adapters are disabled, in the scope of {@link
 *     PeftModel#withoutAdapter}
 * @param activeAdapters the adapters that act on a call made here
 * @param mergedAdapters those that are merged, by name
 * @param requiresGrad for each adapter whether it is trained
 * @param availableAdapters the adapters that have a layer, by name
 * @param devices for each adapter where its parameters are
 */
public record ModelStatus(
    String baseModelType,
    String adapterModelType,
    SequencedMap<String, String> peftTypes,
    long trainableParams,
    long totalParams,
    int numAdapterLayers,
    boolean enabled,
    List<String> activeAdapters,
    List<String> mergedAdapters,
    SequencedMap<String, RequiresGrad> requiresGrad,
    List<String> availableAdapters,
    SequencedMap<String, List<String>> devices) {}
