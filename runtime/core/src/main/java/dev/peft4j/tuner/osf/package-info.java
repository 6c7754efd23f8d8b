/** OSF: the smaller singular values and vectors of a weight are trained. */
@NullMarked
package dev.peft4j.tuner.osf;

import org.jspecify.annotations.NullMarked;
