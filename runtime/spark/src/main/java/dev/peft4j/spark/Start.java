package dev.peft4j.spark;

import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * What an executor gets once a run: how to make the model, and what it has to be like.
 *
 * @param run identifies the run
 * @param recipe the user's
 * @param parameters names and shapes of what is trained
 * @param frozen checksums of what is not
 * @param data what identifies the data
 * @param threads that a batch is computed with
 */
record Start(
    String run,
    TrainingRecipe<?, ?, ?> recipe,
    List<String> parameters,
    List<String> frozen,
    Map<String, String> data,
    int threads)
    implements Serializable {
  private static final long serialVersionUID = 1L;
}
