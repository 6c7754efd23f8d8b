/** The command {@code peft4j}: one class a subcommand. */
@NullMarked
package dev.peft4j.cli;

import org.jspecify.annotations.NullMarked;
