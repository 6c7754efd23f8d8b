package dev.peft4j.train;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The result of a training run.
 *
 * @param state the progress at the end
 * @param reason the reason why it ended
 * @param lastCheckpoint the checkpoint at the end, or null if none are written
 * @param bestCheckpoint the checkpoint of the best evaluation, or null if there is none
 * @param loss the mean loss of the examples of the last 20 steps, before each step; NaN if there
 *     was none, or the checkpoint of a finished run does not contain it
 * @param evaluation the results of the last evaluation, by name; empty if there was none
 * @param bestEvaluation the results of the best evaluation
 */
public record TrainingResult(
    TrainingState state,
    StopReason reason,
    @Nullable Path lastCheckpoint,
    @Nullable Path bestCheckpoint,
    double loss,
    Map<String, Double> evaluation,
    Map<String, Double> bestEvaluation) {}
