/** BOFT: rotations of a layer's input in butterfly order. */
@NullMarked
package dev.peft4j.tuner.boft;

import org.jspecify.annotations.NullMarked;
