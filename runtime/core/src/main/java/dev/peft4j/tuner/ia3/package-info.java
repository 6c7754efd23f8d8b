/** IA3: vectors that scale activations. */
@NullMarked
package dev.peft4j.tuner.ia3;

import org.jspecify.annotations.NullMarked;
