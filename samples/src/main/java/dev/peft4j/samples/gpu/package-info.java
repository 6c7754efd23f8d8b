/**
 * One archive with all that peft4j needs on a machine that has a GPU and nothing else, and the
 * checks that it runs there.
 */
@NullMarked
package dev.peft4j.samples.gpu;

import org.jspecify.annotations.NullMarked;
