/** The command {@code peft4j}: one class for each subcommand. */
@NullMarked
package dev.peft4j.cli;

import org.jspecify.annotations.NullMarked;
