package dev.peft4j.dataset;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The rows of a file, in order. */
interface Rows {
  /**
   * Returns the next row, or null after the last.
   *
   * @throws RowException if it is not valid
   */
  @Nullable Row next() throws IOException;
}
