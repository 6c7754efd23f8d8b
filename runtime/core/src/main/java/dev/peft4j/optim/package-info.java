/** Optimizers, gradient clipping and learning-rate schedules. */
@NullMarked
package dev.peft4j.optim;

import org.jspecify.annotations.NullMarked;
