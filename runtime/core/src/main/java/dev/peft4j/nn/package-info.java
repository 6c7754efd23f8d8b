/**
 * Layers and modules, the building blocks of models. Layers know adapters only through their slot.
 */
@NullMarked
package dev.peft4j.nn;

import org.jspecify.annotations.NullMarked;
