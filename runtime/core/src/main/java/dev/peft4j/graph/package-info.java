/**
 * Computations as data: operations, nodes, reverse-mode gradients, and the programs that backends
 * run.
 */
@NullMarked
package dev.peft4j.graph;

import org.jspecify.annotations.NullMarked;
