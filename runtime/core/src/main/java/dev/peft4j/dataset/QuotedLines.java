package dev.peft4j.dataset;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.csv.CsvFactory;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import dev.peft4j.io.Printable;
import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lines of cells that may be quoted, by RFC 4180: a quoted cell may span lines. */
final class QuotedLines implements Table.Lines {
  private static final CsvFactory CSV =
      CsvFactory.builder().enable(CsvParser.Feature.WRAP_AS_ARRAY).build();

  private final CsvParser parser;
  private boolean empty;

  QuotedLines(Reader in, char separator) throws IOException {
    parser = CSV.createParser(in);
    parser.setSchema(CsvSchema.emptySchema().withColumnSeparator(separator));
    parser.nextToken(); // the array of all lines
  }

  @Override
  public @Nullable List<Cell> next() throws IOException {
    try {
      if (parser.nextToken() != JsonToken.START_ARRAY) {
        return null;
      }
      List<Cell> cells = new ArrayList<>();
      while (parser.nextToken() == JsonToken.VALUE_STRING) {
        cells.add(Cell.of(parser.getText(), here()));
        if (cells.size() == 1) {
          empty = isNothing();
        }
      }
      empty &= cells.size() == 1;
      return cells;
    } catch (JsonProcessingException e) {
      throw unreadable(e);
    }
  }

  @Override
  public boolean isEmpty() {
    return empty;
  }

  /** Returns whether the first cell of a line has neither text nor quotes. */
  private boolean isNothing() throws IOException {
    // the parser stands behind the last character that it took: a quote, if there are some
    long from = parser.currentTokenLocation().getCharOffset();
    long to = parser.currentLocation().getCharOffset();
    return parser.getText().isEmpty() && to < from;
  }

  private Place here() {
    JsonLocation at = parser.currentTokenLocation();
    return new Place(at.getLineNr(), at.getColumnNr());
  }

  private RowException unreadable(JsonProcessingException e) {
    String why = String.valueOf(e.getOriginalMessage());
    if (why.contains("closing quote")) {
      return new RowException(here(), "opens a quote that is never closed", e);
    }
    boolean after = why.contains("Expected column separator");
    JsonLocation at = e.getLocation();
    Place place = at == null ? here() : new Place(at.getLineNr(), at.getColumnNr());
    return new RowException(
        place,
        after
            ? "has text after the quote that closes the one in "
                + here()
                + ", expected the end of the field; a quote within quotes is written twice"
            : "cannot be read: " + Printable.of(why),
        e);
  }
}
