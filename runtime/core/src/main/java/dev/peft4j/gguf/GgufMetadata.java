package dev.peft4j.gguf;

import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.Quote;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** The metadata of a file: typed values by key, in the file's order. */
public final class GgufMetadata {
  private final Path file;
  private final SequencedMap<String, GgufValue> values;

  GgufMetadata(Path file, SequencedMap<String, GgufValue> values) {
    this.file = file;
    this.values = Collections.unmodifiableSequencedMap(values);
  }

  /** Returns all entries. */
  public SequencedMap<String, GgufValue> values() {
    return values;
  }

  /** Returns whether there is an entry of that key. */
  public boolean contains(String key) {
    return values.containsKey(key);
  }

  /** Returns an entry, or null if there is none. */
  public @Nullable GgufValue get(String key) {
    return values.get(key);
  }

  /**
   * Returns a text.
   *
   * @throws FileFormatException if there is none, or it is of another type
   */
  public String string(String key) throws FileFormatException {
    if (required(key).value() instanceof String s) {
      return s;
    }
    throw wrong(key, "a string");
  }

  /** Returns a text, or {@code absent} if there is none; see {@link #string(String)}. */
  public String string(String key, String absent) throws FileFormatException {
    return contains(key) ? string(key) : absent;
  }

  /**
   * Returns a whole number of any integer type.
   *
   * @throws FileFormatException if there is none, or it is of another type
   */
  public long integer(String key) throws FileFormatException {
    if (required(key).value() instanceof Long n) {
      return n;
    }
    throw wrong(key, "a whole number");
  }

  /** Returns a whole number, or {@code absent} if there is none; see {@link #integer(String)}. */
  public long integer(String key, long absent) throws FileFormatException {
    return contains(key) ? integer(key) : absent;
  }

  /**
   * Returns a number of any type of numbers.
   *
   * @throws FileFormatException if there is none, or it is of another type
   */
  public double number(String key) throws FileFormatException {
    if (required(key).value() instanceof Number n) {
      return n.doubleValue();
    }
    throw wrong(key, "a number");
  }

  /** Returns a number, or {@code absent} if there is none; see {@link #number(String)}. */
  public double number(String key, double absent) throws FileFormatException {
    return contains(key) ? number(key) : absent;
  }

  /**
   * Returns a truth value, or {@code absent} if there is none.
   *
   * @throws FileFormatException if it is of another type
   */
  public boolean bool(String key, boolean absent) throws FileFormatException {
    GgufValue v = get(key);
    if (v == null) {
      return absent;
    }
    if (v.value() instanceof Boolean b) {
      return b;
    }
    throw wrong(key, "a bool");
  }

  /**
   * Returns an array of texts.
   *
   * @throws FileFormatException if there is none, or it is of another type
   */
  @SuppressWarnings("unchecked") // the elements are what the array says
  public List<String> strings(String key) throws FileFormatException {
    if (required(key).value() instanceof GgufArray a && a.of() == GgufValueType.STRING) {
      return (List<String>) a.values();
    }
    throw wrong(key, "an array of strings");
  }

  /**
   * Returns an array of numbers of any type of numbers.
   *
   * @throws FileFormatException if there is none, or it is of another type
   */
  public double[] numbers(String key) throws FileFormatException {
    if (required(key).value() instanceof GgufArray a && (a.of().isInteger() || a.of().isFloat())) {
      double[] out = new double[a.size()];
      for (int i = 0; i < out.length; i++) {
        out[i] = ((Number) a.values().get(i)).doubleValue();
      }
      return out;
    }
    throw wrong(key, "an array of numbers");
  }

  private GgufValue required(String key) throws FileFormatException {
    GgufValue v = values.get(key);
    if (v == null) {
      throw new FileFormatException(file, "has no metadata entry " + Quote.text(key));
    }
    return v;
  }

  private FileFormatException wrong(String key, String wanted) throws FileFormatException {
    return new FileFormatException(
        file,
        "the metadata entry "
            + Quote.text(key)
            + " is "
            + required(key).describe()
            + ", expected "
            + wanted);
  }
}
