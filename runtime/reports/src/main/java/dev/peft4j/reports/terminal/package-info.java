/**
 * Where progress is shown: a terminal, or a file.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.reports.terminal;

import org.jspecify.annotations.NullMarked;
