/** Shadows: a small model beside the base that corrects it from layer to layer. */
@NullMarked
package dev.peft4j.tuner.shadow;

import org.jspecify.annotations.NullMarked;
