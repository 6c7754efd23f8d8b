package dev.peft4j.cli;

import dev.peft4j.dataset.Place;
import org.jspecify.annotations.Nullable;

/**
 * A line of a data file.
 *
 * @param text the text
 * @param second a second text of a pair, or null
 * @param label the label's name as {@link Labels#of} gives it, or null if it is not known
 * @param place where the label is, or the text if there is no label
 */
record Example(String text, @Nullable String second, @Nullable String label, Place place) {
  /** An example that is in no file. */
  Example(String text, @Nullable String second, @Nullable String label) {
    this(text, second, label, Place.NONE);
  }
}
