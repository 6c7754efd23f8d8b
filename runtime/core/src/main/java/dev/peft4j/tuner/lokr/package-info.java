/** LoKr: Kronecker products. */
@NullMarked
package dev.peft4j.tuner.lokr;

import org.jspecify.annotations.NullMarked;
