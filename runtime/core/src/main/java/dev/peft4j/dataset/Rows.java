package dev.peft4j.dataset;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The rows of a file, one after the other. */
interface Rows {
  /**
   * The next row, or null after the last.
   *
   * @throws RowException if it is not what it should be
   */
  @Nullable Row next() throws IOException;
}
