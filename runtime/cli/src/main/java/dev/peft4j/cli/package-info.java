/**
 * The command {@code peft4j}, one class for each subcommand.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.cli;

import org.jspecify.annotations.NullMarked;
