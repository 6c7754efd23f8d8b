package dev.peft4j.train;

import dev.peft4j.data.Storage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The loss and the gradients of one batch of a step, as {@link GradientWorker} computes them.
 *
 * @param index of the batch in its epoch
 * @param loss of the batch; 0 if nothing counts
 * @param count the number of things (rows, tokens) that the loss is the mean of; 0 if there are
 *     none, and then there are no gradients
 * @param scale what the gradients are multiplied by, since a batch weighs as much as it counts; 1
 *     for the first one of the step that counts
 * @param sums whether the losses of the step's batches are sums, which are added and not averaged
 * @param end the states of the random generators after the batch
 * @param gradients float32, one for each parameter that is trained, in their order; null for those
 *     that the loss does not depend on
 */
public record BatchGradient(
    int index,
    float loss,
    double count,
    double scale,
    boolean sums,
    Draws end,
    List<@Nullable Storage> gradients) {}
