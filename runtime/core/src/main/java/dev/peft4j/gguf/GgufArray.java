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
    boolean mapped = values instanceof ScalarList || values instanceof TextList;
    values = mapped ? values : List.copyOf(values);
    if (!mapped) {
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
