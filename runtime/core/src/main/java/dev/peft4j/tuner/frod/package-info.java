/** FRoD: a weight in a basis that layers of one kind share, and sparse changes of it. */
@NullMarked
package dev.peft4j.tuner.frod;

import org.jspecify.annotations.NullMarked;
