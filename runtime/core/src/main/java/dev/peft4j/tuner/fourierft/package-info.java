/** FourierFT: a few frequencies of a weight's spectrum. */
@NullMarked
package dev.peft4j.tuner.fourierft;

import org.jspecify.annotations.NullMarked;
