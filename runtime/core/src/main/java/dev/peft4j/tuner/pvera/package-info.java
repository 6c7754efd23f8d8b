/** PVeRA: VeRA whose hidden values are drawn from a learned distribution. */
@NullMarked
package dev.peft4j.tuner.pvera;

import org.jspecify.annotations.NullMarked;
