/** RoAd: rotations of pairs of a layer's outputs. */
@NullMarked
package dev.peft4j.tuner.road;

import org.jspecify.annotations.NullMarked;
