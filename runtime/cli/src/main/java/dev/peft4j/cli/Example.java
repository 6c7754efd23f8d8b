package dev.peft4j.cli;

import dev.peft4j.dataset.Place;
import org.jspecify.annotations.Nullable;

/**
 * An example of a data file.
 *
 * @param text the text
 * @param second a second text of a pair, or null
 * @param label the label's name as {@link Labels#of} gives it, or null if it is unknown
 * @param place the place of the label, or of the text if there is no label
 */
record Example(String text, @Nullable String second, @Nullable String label, Place place) {
  /** Creates an example that is not in a file. */
  Example(String text, @Nullable String second, @Nullable String label) {
    this(text, second, label, Place.NONE);
  }
}
