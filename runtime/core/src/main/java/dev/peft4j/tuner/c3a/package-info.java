/** C3A: blocks of circular convolutions. */
@NullMarked
package dev.peft4j.tuner.c3a;

import org.jspecify.annotations.NullMarked;
