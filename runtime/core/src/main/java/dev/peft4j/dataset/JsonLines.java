package dev.peft4j.dataset;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.peft4j.io.JsonProblem;
import java.io.BufferedReader;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A reader of rows from lines of JSON, an object each. Blank lines are skipped. */
final class JsonLines implements Rows {
  private static final String EXPECTED = "expected an object such as {\"text\": \"...\"}";

  static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(100).build())
          .build();

  private static final JsonMapper TREES = new JsonMapper(JSON);

  private final BufferedReader in;
  private int number;

  JsonLines(BufferedReader in) {
    this.in = in;
  }

  @Override
  public @Nullable Row next() throws IOException {
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      number++;
      if (!line.isBlank()) {
        return row(line, number);
      }
    }
    return null;
  }

  /** Returns the row that an object is; it begins in line {@code number} of the file. */
  static Row row(String line, int number) throws IOException {
    try (JsonParser p = JSON.createParser(line)) {
      JsonToken first = p.nextToken();
      if (first != JsonToken.START_OBJECT) {
        throw new RowException(
            new Place(number, 0), "is " + describe(first) + " of JSON, " + EXPECTED);
      }
      Row row = new Row(new Place(number, 0), () -> TREES.readTree(line));
      while (p.nextToken() == JsonToken.FIELD_NAME) {
        String name = p.currentName();
        JsonToken token = p.nextToken();
        Place place = place(p.currentTokenLocation(), number);
        if (token == JsonToken.VALUE_NULL) {
          row.put(name, Cell.ofNull(place));
        } else if (token.isScalarValue()) {
          row.put(name, Cell.of(p.getText(), place)); // a number as it is spelled
        } else {
          JsonNode tree = TREES.readTree(p);
          row.put(name, Cell.of(tree, place));
        }
      }
      if (p.nextToken() != null) {
        throw new RowException(
            place(p.currentTokenLocation(), number),
            "has more text after the object, expected one object per line");
      }
      return row;
    } catch (JsonProcessingException e) {
      Place place = e.getLocation() == null ? new Place(number, 0) : place(e.getLocation(), number);
      throw new RowException(place, "is not JSON: " + JsonProblem.reason(e) + "; " + EXPECTED, e);
    }
  }

  private static Place place(JsonLocation at, int number) {
    return new Place(number + at.getLineNr() - 1, at.getColumnNr());
  }

  static String describe(@Nullable JsonToken token) {
    return switch (token) {
      case null -> "nothing";
      case START_ARRAY -> "a list";
      case START_OBJECT -> "an object";
      case VALUE_NULL -> "null";
      case VALUE_STRING -> "a text";
      case VALUE_TRUE, VALUE_FALSE -> "a boolean";
      default -> "a number";
    };
  }
}
