/** HiRA: the weight times a low-rank matrix, element by element. */
@NullMarked
package dev.peft4j.tuner.hira;

import org.jspecify.annotations.NullMarked;
