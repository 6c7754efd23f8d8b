/** VeRA: vectors that scale random matrices which all layers share. */
@NullMarked
package dev.peft4j.tuner.vera;

import org.jspecify.annotations.NullMarked;
