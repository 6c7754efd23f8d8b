/**
 * Warnings: to SLF4J, or to standard error where no SLF4J provider would show them.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.log;

import org.jspecify.annotations.NullMarked;
