package dev.peft4j.dataset;

import dev.peft4j.io.FileFormatException;
import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * A file of rows: JSONL (an object a line; or one list of objects), CSV (a header, quotes as in RFC
 * 4180) or TSV (a header, no quotes unless asked for), in UTF-8. A name that ends in {@code .gz} is
 * read as a compressed file.
 *
 * <pre>{@code
 * record Review(String text, String label) {}
 *
 * List<Review> reviews = DataFile.of(Path.of("reviews.csv")).read(Review.class);
 * List<Example> examples =
 *     DataFile.of(Path.of("houses.csv"))
 *         .read(row -> new Example(row.floats("rooms", "area"), row.floatValue("price")));
 * }</pre>
 *
 * <p>The columns of a record's components are found by name: {@code starRating} is the column
 * {@code starRating}, else {@code star_rating}; {@link #column} and Jackson's {@code @JsonProperty}
 * name others. Other columns are ignored. Values are texts, numbers, booleans, enum constants (in
 * any case), and JSON values as lists, arrays, maps and records. A missing value is an error,
 * unless the component is an {@code Optional} or {@code @Nullable}.
 *
 * <p>Empty lines are skipped; if there is only one column they are empty texts, except at the end.
 * Every error is a {@link FileFormatException}: it names the file, the line and the column, what
 * was found and what was expected.
 */
public final class DataFile {
  /** The format of a data file. */
  public enum Format {
    /** A JSON object on each line, or one JSON list of objects. */
    JSONL,
    /**
     * Fields separated by commas, below a header; a quoted field may contain commas and line
     * breaks.
     */
    CSV,
    /** Fields separated by tabs, below a header; quotes have no special meaning. */
    TSV
  }

  private static final char BYTE_ORDER_MARK = '\ufeff';
  private static final String GZIP = ".gz";

  /** Characters in which the first object of a list has begun. */
  private static final int LIST_START = 1000;

  private final Path path;
  private final @Nullable InputStream given;
  private final Format format;
  private final char separator;
  private final boolean quoted;
  private final List<String> header;
  private final Map<String, String> columns;

  private DataFile(
      Path path,
      @Nullable InputStream given,
      Format format,
      char separator,
      boolean quoted,
      List<String> header,
      Map<String, String> columns) {
    this.path = path;
    this.given = given;
    this.format = format;
    this.separator = separator;
    this.quoted = quoted;
    this.header = header;
    this.columns = columns;
  }

  /**
   * Returns a file whose format follows from its name: {@code .csv}, {@code .tsv}, else JSONL.
   * Nothing is read yet.
   */
  public static DataFile of(Path path) {
    return of(path, formatOf(path));
  }

  /** Returns a file in a format that does not depend on its name. */
  public static DataFile of(Path path, Format format) {
    return new DataFile(path, null, format, separator(format), false, List.of(), Map.of());
  }

  /**
   * Returns a file that is read from a stream; it can be read once, and the stream is not closed.
   *
   * @param name the name for errors; its extension determines the format
   */
  public static DataFile from(InputStream in, Path name) {
    Format f = formatOf(name);
    return new DataFile(name, in, f, separator(f), false, List.of(), Map.of());
  }

  private static Format formatOf(Path path) {
    String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
    name = name.endsWith(GZIP) ? name.substring(0, name.length() - GZIP.length()) : name;
    return name.endsWith(".csv") ? Format.CSV : name.endsWith(".tsv") ? Format.TSV : Format.JSONL;
  }

  private static char separator(Format format) {
    return format == Format.CSV ? ',' : '\t';
  }

  /** Returns this file with fields that may be quoted, as in CSV: for TSV. */
  public DataFile quoted() {
    return new DataFile(path, given, format, separator, true, header, columns);
  }

  /**
   * Returns this file with another character between fields, such as {@code ';'}.
   *
   * @throws IllegalArgumentException if the format is JSONL, or the character is a quote or a line
   *     break
   */
  public DataFile separator(char value) {
    if (format == Format.JSONL || value == '"' || value == '\n' || value == '\r') {
      throw new IllegalArgumentException(
          "%s: the separator of %s cannot be %s".formatted(path, format, Character.getName(value)));
    }
    return new DataFile(path, given, format, value, quoted, header, columns);
  }

  /**
   * Returns this file with names for its columns, for CSV or TSV without a header line.
   *
   * @throws IllegalArgumentException if the format is JSONL, or there are no names
   */
  public DataFile header(String... names) {
    if (format == Format.JSONL || names.length == 0) {
      throw new IllegalArgumentException(
          path + ": " + names.length + " names for the columns of " + format);
    }
    return new DataFile(path, given, format, separator, quoted, List.of(names), columns);
  }

  /**
   * Returns this file with another column for a component of the record that is read.
   *
   * @param component the component's name in Java
   * @param column the name in the file
   */
  public DataFile column(String component, String column) {
    Map<String, String> more = new HashMap<>(columns);
    more.put(component, column);
    return new DataFile(path, given, format, separator, quoted, header, Map.copyOf(more));
  }

  /**
   * Reads all rows as records.
   *
   * @param type a record; see the class for how its components are found
   * @throws FileFormatException if the file does not exist or is not valid
   * @throws IllegalArgumentException if the type is not a record
   */
  public <T> List<T> read(Class<T> type) throws IOException {
    return read(new RecordReader<>(type, columns));
  }

  /**
   * Reads all rows.
   *
   * @param mapper converts a row to a value; an exception that it throws becomes an error that
   *     names the line
   * @throws FileFormatException if the file does not exist or is not valid
   */
  public <T> List<T> read(Function<? super Row, ? extends T> mapper) throws IOException {
    List<T> all = new ArrayList<>();
    try (Reading<T> reading = new Reading<>(mapper)) {
      while (reading.tryAdvance(all::add)) {
        // the next one
      }
    }
    return all;
  }

  /**
   * Returns the rows as records, lazily: a file may be larger than memory. Close the stream, as in
   * {@code try (Stream<Review> reviews = file.stream(Review.class)) {...}}.
   *
   * @throws FileFormatException if the file does not exist; an invalid row is an {@link
   *     UncheckedIOException} of the stream, with the same message
   */
  public <T> Stream<T> stream(Class<T> type) throws IOException {
    return stream(new RecordReader<>(type, columns));
  }

  /** Returns the rows lazily; see {@link #stream(Class)} and {@link #read}. */
  public <T> Stream<T> stream(Function<? super Row, ? extends T> mapper) throws IOException {
    Reading<T> reading = new Reading<>(mapper);
    return StreamSupport.stream(reading.unchecked(), false).onClose(reading::closeUnchecked);
  }

  private InputStream open() throws IOException {
    InputStream in = given;
    if (in != null) {
      return in;
    }
    if (!Files.isRegularFile(path)) {
      throw new FileFormatException(
          path,
          (Files.exists(path) ? "is not a file" : "does not exist")
              + ", expected a data file (.jsonl, .csv or .tsv)");
    }
    InputStream file = Files.newInputStream(path);
    if (!path.toString().toLowerCase(Locale.ROOT).endsWith(GZIP)) {
      return file;
    }
    try {
      return new GZIPInputStream(file, 1 << 16);
    } catch (IOException e) {
      file.close();
      throw new FileFormatException(
          path,
          e instanceof EOFException
              ? "is a truncated gzip file"
              : "is not a gzip file: " + e.getMessage(),
          e);
    }
  }

  private Rows rows(Utf8Reader text) throws IOException {
    BufferedReader in = new BufferedReader(text);
    skipByteOrderMark(in);
    if (format == Format.JSONL) {
      return beginsList(in) ? new JsonArray(in) : new JsonLines(in);
    }
    if (format == Format.CSV || quoted) {
      String what =
          separator == ',' ? "commas" : separator == '\t' ? "tabs" : "'" + separator + "'";
      return new Table(
          new QuotedLines(in, separator), "; a text with " + what + " must be in quotes", header);
    }
    return new Table(
        new TabbedLines(in, separator),
        "; a text cannot have tabs unless fields may be in quotes",
        header);
  }

  /** Returns whether the text is one list of JSON: of objects, or empty. */
  private static boolean beginsList(BufferedReader in) throws IOException {
    in.mark(LIST_START);
    boolean list = false;
    int depth = 0;
    for (int i = 0; i < LIST_START; i++) {
      int c = in.read();
      if (c == '[' && depth == 0) {
        depth = 1;
      } else if (c < 0 || !Character.isWhitespace(c)) {
        list = depth == 1 && (c == '{' || c == ']');
        break;
      }
    }
    in.reset();
    return list;
  }

  private static void skipByteOrderMark(Reader reader) throws IOException {
    reader.mark(1);
    if (reader.read() != BYTE_ORDER_MARK) {
      reader.reset();
    }
  }

  /** The file while it is read. */
  private final class Reading<T> implements AutoCloseable {
    private final Function<? super Row, ? extends T> mapper;
    private final InputStream in;
    private final Utf8Reader text;
    private @Nullable Rows rows;

    Reading(Function<? super Row, ? extends T> mapper) throws IOException {
      this.mapper = mapper;
      this.in = open();
      this.text = new Utf8Reader(in);
    }

    boolean tryAdvance(Consumer<? super T> action) throws IOException {
      T value;
      try {
        Rows all = rows;
        if (all == null) {
          all = rows(text);
          rows = all;
        }
        Row row = all.next();
        if (row == null) {
          return false;
        }
        value = map(row);
      } catch (RowException e) {
        throw new FileFormatException(path, String.valueOf(e.getMessage()), e);
      } catch (CharacterCodingException e) {
        throw new FileFormatException(path, "line " + text.line() + " is not UTF-8 text", e);
      } catch (EOFException | ZipException e) {
        throw new FileFormatException(
            path,
            "line "
                + text.line()
                + (e instanceof EOFException
                    ? ": the gzip file is truncated"
                    : ": is not gzip: " + e.getMessage()),
            e);
      } catch (FileFormatException e) {
        throw e;
      } catch (IOException e) {
        throw new IOException(path + ": cannot be read: " + e.getMessage(), e);
      }
      action.accept(value);
      return true;
    }

    private T map(Row row) {
      try {
        return mapper.apply(row);
      } catch (RowException e) {
        throw e;
      } catch (RuntimeException e) {
        String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        throw new RowException(row.place(), why, e);
      }
    }

    Spliterator<T> unchecked() {
      return new Spliterators.AbstractSpliterator<>(
          Long.MAX_VALUE, Spliterator.ORDERED | Spliterator.NONNULL) {
        @Override
        public boolean tryAdvance(Consumer<? super T> action) {
          try {
            return Reading.this.tryAdvance(action);
          } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
          }
        }
      };
    }

    void closeUnchecked() {
      try {
        close();
      } catch (IOException e) {
        throw new UncheckedIOException(e.getMessage(), e);
      }
    }

    @Override
    public void close() throws IOException {
      if (given == null) {
        in.close();
      }
    }
  }
}
