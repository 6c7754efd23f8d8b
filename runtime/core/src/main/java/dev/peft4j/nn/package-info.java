/**
 * Layers and modules: what models are made of. Layers know adapters only as something that may sit
 * in their slot.
 */
@NullMarked
package dev.peft4j.nn;

import org.jspecify.annotations.NullMarked;
