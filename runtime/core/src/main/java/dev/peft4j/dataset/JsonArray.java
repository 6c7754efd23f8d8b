package dev.peft4j.dataset;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.peft4j.io.JsonProblem;
import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import org.jspecify.annotations.Nullable;

/** A reader of rows from one list of JSON, whose items are objects. */
final class JsonArray implements Rows {
  private final String text;
  private final JsonParser parser;

  JsonArray(Reader in) throws IOException {
    StringWriter all = new StringWriter();
    in.transferTo(all);
    text = all.toString();
    parser = JsonLines.JSON.createParser(text);
    parser.nextToken();
  }

  @Override
  public @Nullable Row next() throws IOException {
    try {
      JsonToken token = parser.nextToken();
      int line = parser.currentTokenLocation().getLineNr();
      if (token == JsonToken.END_ARRAY) {
        if (parser.nextToken() != null) {
          throw new RowException(
              new Place(parser.currentTokenLocation().getLineNr(), 0),
              "has more text after the list, expected one list of objects");
        }
        return null;
      }
      if (token == null) {
        return null; // asked again after the end
      }
      if (token != JsonToken.START_OBJECT) {
        throw new RowException(
            new Place(line, parser.currentTokenLocation().getColumnNr()),
            "is "
                + JsonLines.describe(token)
                + " in a list, expected objects such as {\"text\": \"...\"}");
      }
      int start = Math.toIntExact(parser.currentTokenLocation().getCharOffset());
      parser.skipChildren();
      int end = Math.toIntExact(parser.currentTokenLocation().getCharOffset()) + 1;
      return JsonLines.row(text.substring(start, end), line);
    } catch (JsonProcessingException e) {
      Place place =
          e.getLocation() == null
              ? new Place(1, 0)
              : new Place(e.getLocation().getLineNr(), e.getLocation().getColumnNr());
      throw new RowException(place, "is not JSON: " + JsonProblem.reason(e), e);
    }
  }
}
