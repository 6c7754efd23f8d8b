/**
 * Names of layers and the rules by which targets name them. The annotation processor and the
 * runtime both use this package, so what is checked at compile time is what happens at run time.
 */
@NullMarked
package dev.peft4j.target;

import org.jspecify.annotations.NullMarked;
