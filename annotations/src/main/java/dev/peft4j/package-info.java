/** What all packages share: the base of the exceptions that a program may want to catch. */
@NullMarked
package dev.peft4j;

import org.jspecify.annotations.NullMarked;
