/** WaveFT: a few coefficients of a weight's wavelet transform. */
@NullMarked
package dev.peft4j.tuner.waveft;

import org.jspecify.annotations.NullMarked;
