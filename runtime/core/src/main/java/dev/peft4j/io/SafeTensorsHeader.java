package dev.peft4j.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonParser.NumberType;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.peft4j.data.Shape;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * The JSON header of a safetensors file, read token by token: memory is bounded by its length, and
 * nesting deeper than the format's own is refused at once.
 *
 * @param metadata the text entries under {@code __metadata__}
 * @param tensors the tensors in the header's order
 */
record SafeTensorsHeader(
    SequencedMap<String, String> metadata, SequencedMap<String, TensorInfo> tensors) {

  /** The one name that is not a tensor. */
  static final String METADATA = "__metadata__";

  /** The largest rank that is accepted; a list of millions of sizes would only waste memory. */
  private static final int MAX_RANK = 64;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          // Names are not reused: a table of them would only offer collisions to a hostile file.
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(8)
                  .maxNameLength(SafeTensors.MAX_HEADER)
                  .maxStringLength(SafeTensors.MAX_HEADER)
                  .build())
          .build();

  /**
   * Reads and checks a header.
   *
   * @param file for messages
   * @param text the header's characters
   * @param dataSize bytes in the file after the header
   * @throws FileFormatException if the header does not describe exactly those bytes
   */
  static SafeTensorsHeader read(Path file, Reader text, long dataSize) throws IOException {
    SafeTensorsHeader header;
    try (JsonParser json = JSON.createParser(text)) {
      header = new Reading(file, json).header();
    } catch (CharacterCodingException e) {
      throw new FileFormatException(file, "the header is not UTF-8 text", e);
    } catch (JsonProcessingException e) {
      String where =
          e.getLocation() == null ? "" : " at character " + e.getLocation().getCharOffset();
      throw new FileFormatException(
          file, "the header is not valid JSON" + where + ": " + JsonProblem.reason(e), e);
    }
    new Layout(file, dataSize).check(header.tensors.values());
    return header;
  }

  /** A check that the tensors cover the data exactly, one after the other. */
  private record Layout(Path file, long dataSize) {
    void check(Iterable<TensorInfo> tensors) throws FileFormatException {
      List<TensorInfo> byOffset = new ArrayList<>();
      for (TensorInfo t : tensors) {
        checkOne(t);
        byOffset.add(t);
      }
      byOffset.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
      long end = 0;
      String before = "the header";
      for (TensorInfo t : byOffset) {
        if (t.begin() < end) {
          throw bad(
              t,
              "begins at byte "
                  + t.begin()
                  + ", inside "
                  + before
                  + " that ends at byte "
                  + end
                  + "; tensors must not overlap");
        }
        if (t.begin() > end) {
          throw bad(
              t,
              "begins at byte "
                  + t.begin()
                  + ", but "
                  + before
                  + " ends at byte "
                  + end
                  + "; the data must have no holes");
        }
        end = t.end();
        before = "tensor " + Quote.text(t.name());
      }
      if (end != dataSize) {
        throw new FileFormatException(
            file,
            "the tensors end after "
                + end
                + " bytes of data, but "
                + dataSize
                + " bytes follow the header; they must cover the file exactly");
      }
    }

    private void checkOne(TensorInfo t) throws FileFormatException {
      if (t.end() < t.begin()) {
        throw bad(t, "ends at byte " + t.end() + " before it begins at byte " + t.begin());
      }
      if (t.end() > dataSize) {
        throw bad(
            t,
            "ends at byte "
                + t.end()
                + " of the data, but only "
                + dataSize
                + " bytes follow the header; the file is truncated or its header wrong");
      }
      long bits = t.shape().elements() * t.type().bits();
      if (bits % 8 != 0) {
        throw bad(
            t, "of shape " + shape(t) + " and type " + t.type() + " does not fill whole bytes");
      }
      if (t.end() - t.begin() != bits / 8) {
        throw bad(
            t,
            "of shape "
                + shape(t)
                + " and type "
                + t.type()
                + " has "
                + bits / 8
                + " bytes, but its data_offsets ["
                + t.begin()
                + ", "
                + t.end()
                + "] span "
                + (t.end() - t.begin()));
      }
    }

    private static String shape(TensorInfo t) {
      return Quote.plain(t.shape().toString());
    }

    private FileFormatException bad(TensorInfo t, String problem) {
      return new FileFormatException(file, "tensor " + Quote.text(t.name()) + " " + problem);
    }
  }

  /** One pass over the header's tokens. */
  private static final class Reading {
    private final Path file;
    private final JsonParser json;
    private String tensor = "";

    Reading(Path file, JsonParser json) {
      this.file = file;
      this.json = json;
    }

    SafeTensorsHeader header() throws IOException {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw bad("the header is not a JSON object of tensors but " + found());
      }
      SequencedMap<String, String> metadata = null;
      SequencedMap<String, TensorInfo> tensors = new LinkedHashMap<>();
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String name = checkedText(json.currentName());
        if (name.equals(METADATA)) {
          if (metadata != null) {
            throw bad("the header has " + METADATA + " twice");
          }
          metadata = metadata();
        } else {
          tensor = name;
          TensorInfo info = entry();
          if (tensors.putIfAbsent(name, info) != null) {
            throw bad(
                "the header has tensor "
                    + Quote.text(name)
                    + " twice; every name must be there once");
          }
        }
      }
      if (json.nextToken() != null) {
        throw bad(
            "the header continues after its closing brace with "
                + found()
                + "; only spaces may follow");
      }
      return new SafeTensorsHeader(metadata == null ? new LinkedHashMap<>() : metadata, tensors);
    }

    private SequencedMap<String, String> metadata() throws IOException {
      SequencedMap<String, String> out = new LinkedHashMap<>();
      JsonToken start = json.nextToken();
      if (start == JsonToken.VALUE_NULL) {
        return out;
      }
      if (start != JsonToken.START_OBJECT) {
        throw bad(METADATA + " is " + found() + ", expected an object of texts");
      }
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String key = checkedText(json.currentName());
        if (json.nextToken() != JsonToken.VALUE_STRING) {
          throw bad(
              METADATA + " has " + found() + " under " + Quote.text(key) + ", expected a text");
        }
        if (out.putIfAbsent(key, checkedText(json.getText())) != null) {
          throw bad(METADATA + " has key " + Quote.text(key) + " twice");
        }
      }
      return out;
    }

    private TensorInfo entry() throws IOException {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw badTensor(
            "is " + found() + ", expected an object with dtype, shape and data_offsets");
      }
      TensorType type = null;
      Shape shape = null;
      long[] offsets = null;
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String field = json.currentName();
        switch (field) {
          case "dtype" -> {
            once(field, type);
            type = type();
          }
          case "shape" -> {
            once(field, shape);
            shape = shape();
          }
          case "data_offsets" -> {
            once(field, offsets);
            offsets = offsets();
          }
          default ->
              throw badTensor(
                  "has an unknown field "
                      + Quote.text(field)
                      + "; its fields are dtype, shape and data_offsets");
        }
      }
      if (type == null || shape == null || offsets == null) {
        throw badTensor(
            "has no " + (type == null ? "dtype" : shape == null ? "shape" : "data_offsets"));
      }
      return new TensorInfo(tensor, type, shape, offsets[0], offsets[1]);
    }

    private void once(String field, @Nullable Object before) throws FileFormatException {
      if (before != null) {
        throw badTensor("has " + field + " twice");
      }
    }

    private TensorType type() throws IOException {
      if (json.nextToken() != JsonToken.VALUE_STRING) {
        throw badTensor("has dtype " + found() + ", expected the name of a type, such as \"F32\"");
      }
      TensorType type = TensorType.byName(json.getText());
      if (type == null) {
        throw badTensor(
            "has unknown dtype "
                + Quote.text(json.getText())
                + "; known are "
                + Arrays.toString(TensorType.values()));
      }
      return type;
    }

    private Shape shape() throws IOException {
      if (json.nextToken() != JsonToken.START_ARRAY) {
        throw badTensor("has shape " + found() + ", expected a list of sizes");
      }
      int[] dims = new int[4];
      int rank = 0;
      long elements = 1;
      while (json.nextToken() != JsonToken.END_ARRAY) {
        long size = whole("size " + rank + " of the shape");
        if (size <= Integer.MAX_VALUE) {
          elements *= size;
        }
        if (size > Integer.MAX_VALUE || elements > Integer.MAX_VALUE) {
          throw badTensor(
              "is too large: its sizes up to number "
                  + rank
                  + " ("
                  + size
                  + ") give more than 2147483647 elements");
        }
        if (rank == MAX_RANK) {
          throw badTensor("has a shape of more than " + MAX_RANK + " sizes");
        }
        if (rank == dims.length) {
          dims = Arrays.copyOf(dims, rank * 2);
        }
        dims[rank++] = (int) size;
      }
      return Shape.of(Arrays.copyOf(dims, rank));
    }

    private long[] offsets() throws IOException {
      if (json.nextToken() != JsonToken.START_ARRAY) {
        throw badTensor("has data_offsets " + found() + ", expected [begin, end]");
      }
      long[] out = new long[2];
      for (int i = 0; i < 2; i++) {
        if (json.nextToken() == JsonToken.END_ARRAY) {
          throw badTensor("has " + i + " data_offsets, expected [begin, end]");
        }
        out[i] = whole(i == 0 ? "the begin of data_offsets" : "the end of data_offsets");
      }
      if (json.nextToken() != JsonToken.END_ARRAY) {
        throw badTensor("has more than two data_offsets, expected [begin, end]");
      }
      return out;
    }

    /** Returns the current token as a whole number that is not negative. */
    private long whole(String what) throws IOException {
      boolean whole =
          json.currentToken() == JsonToken.VALUE_NUMBER_INT
              && json.getNumberType() != NumberType.BIG_INTEGER;
      if (!whole || json.getText().startsWith("-")) {
        throw badTensor(
            "has "
                + found()
                + " as "
                + what
                + ", expected a whole number from 0 to 9223372036854775807");
      }
      return json.getLongValue();
    }

    /**
     * Returns {@code s} unless it holds half of a surrogate pair, which cannot be written as UTF-8.
     */
    private String checkedText(String s) throws FileFormatException {
      if (!Utf16.isWellFormed(s)) {
        throw bad("the header has a text with half a surrogate pair: " + Quote.text(s));
      }
      return s;
    }

    /** Returns the current token in words. */
    private String found() throws IOException {
      return switch (json.currentToken()) {
        case START_OBJECT -> "an object";
        case START_ARRAY -> "a list";
        case VALUE_STRING -> "the text " + Quote.text(json.getText());
        case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "the number " + Quote.plain(json.getText());
        case null -> "nothing";
        default -> Quote.plain(json.getText());
      };
    }

    private FileFormatException badTensor(String problem) {
      return bad("tensor " + Quote.text(tensor) + " " + problem);
    }

    private FileFormatException bad(String problem) {
      return new FileFormatException(file, problem);
    }
  }
}
