/**
 * Listeners that display a training run: {@link dev.peft4j.reports.ProgressListener} as a progress
 * bar, {@link dev.peft4j.reports.LossCurve} as a picture.
 */
@NullMarked
package dev.peft4j.reports;

import org.jspecify.annotations.NullMarked;
