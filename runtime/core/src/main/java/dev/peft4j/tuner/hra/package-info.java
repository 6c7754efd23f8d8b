/** HRA: reflections of a layer's input. */
@NullMarked
package dev.peft4j.tuner.hra;

import org.jspecify.annotations.NullMarked;
