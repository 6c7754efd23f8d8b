package dev.peft4j.processor;

import java.util.List;

/**
 * The plan by which one adapter is attached.
 *
 * @param steps what is done, in order
 * @param layers the paths of the layers that get the adapter, with * for indices and keys
 * @param saved the paths of the modules that are trained in full
 * @param checkedAtRunTime whether only the run time can tell that everything was found
 */
record AttachPlan(
    List<Step> steps, List<String> layers, List<String> saved, boolean checkedAtRunTime) {
  AttachPlan {
    steps = List.copyOf(steps);
    layers = List.copyOf(layers);
    saved = List.copyOf(saved);
  }
}
