package dev.peft4j.gguf;

import java.util.List;

/**
 * An array of metadata.
 *
 * @param of the type of its elements
 * @param values its elements, as {@link GgufValue} has them; unmodifiable
 */
public record GgufArray(GgufValueType of, List<?> values) {
  /** Creates an array. */
  public GgufArray {
    values = values instanceof ScalarList ? values : List.copyOf(values);
    if (!(values instanceof ScalarList)) {
      for (Object v : values) {
        new GgufValue(of, v); // checks the element
      }
    }
  }

  /** Returns the number of elements. */
  public int size() {
    return values.size();
  }
}
