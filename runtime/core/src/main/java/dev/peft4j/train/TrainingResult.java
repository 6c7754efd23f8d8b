package dev.peft4j.train;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What came out of a training run.
 *
 * @param state how far it came
 * @param reason why it ended
 * @param lastCheckpoint the checkpoint of the end, or null if none are written
 * @param bestCheckpoint that of the best evaluation, or null if there is none
 * @param loss the mean loss of the examples of the last 20 steps, before each step; NaN if there
 *     was none, or the checkpoint of a finished run does not tell
 * @param evaluation what the last evaluation measured, by name; empty if there was none
 * @param bestEvaluation what the best evaluation measured
 */
public record TrainingResult(
    TrainingState state,
    StopReason reason,
    @Nullable Path lastCheckpoint,
    @Nullable Path bestCheckpoint,
    double loss,
    Map<String, Double> evaluation,
    Map<String, Double> bestEvaluation) {}
