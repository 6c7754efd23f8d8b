/**
 * Listeners that show a training run: {@link dev.peft4j.reports.ProgressListener} a progress bar,
 * {@link dev.peft4j.reports.LossCurve} a picture.
 */
@NullMarked
package dev.peft4j.reports;

import org.jspecify.annotations.NullMarked;
