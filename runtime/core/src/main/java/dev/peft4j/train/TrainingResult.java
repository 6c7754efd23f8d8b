package dev.peft4j.train;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What came out of a training run.
 *
 * @param state how far it came
 * @param reason why it ended
 * @param lastCheckpoint the checkpoint of the end, or null if none are written
 * @param bestCheckpoint that of the best evaluation, or null if there is none
 */
public record TrainingResult(
    TrainingState state,
    StopReason reason,
    @Nullable Path lastCheckpoint,
    @Nullable Path bestCheckpoint) {}
