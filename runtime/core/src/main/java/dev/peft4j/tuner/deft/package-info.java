/** DEFT: a part of the weight is taken out and put in anew. */
@NullMarked
package dev.peft4j.tuner.deft;

import org.jspecify.annotations.NullMarked;
