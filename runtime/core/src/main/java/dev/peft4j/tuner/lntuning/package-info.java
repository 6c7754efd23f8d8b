/** LN tuning: copies of layers, such as norms, that are trained. */
@NullMarked
package dev.peft4j.tuner.lntuning;

import org.jspecify.annotations.NullMarked;
