package dev.peft4j.cli;

import org.jspecify.annotations.Nullable;

/**
 * A line of a data file.
 *
 * @param text the text
 * @param second a second text of a pair, or null
 * @param label the label's name, or null if it is not known
 */
record Example(String text, @Nullable String second, @Nullable String label) {}
