/** Cartridges: a cache of keys and values that is trained. */
@NullMarked
package dev.peft4j.tuner.cartridge;

import org.jspecify.annotations.NullMarked;
