/** OFT: rotations of a layer's input by blocks. */
@NullMarked
package dev.peft4j.tuner.oft;

import org.jspecify.annotations.NullMarked;
