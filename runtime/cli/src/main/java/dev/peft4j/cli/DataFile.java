package dev.peft4j.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.RuntimeJsonMappingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import dev.peft4j.io.FileFormatException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Texts and labels from JSONL (an object a line) or CSV and TSV (a header, quotes as in RFC 4180),
 * in UTF-8. The file's name says which: {@code .csv}, {@code .tsv}, else JSONL. Every error names
 * the file and the line.
 */
final class DataFile {
  /** Standard input. */
  static final String STDIN = "-";

  private static final char BYTE_ORDER_MARK = '\ufeff';

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(100).build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private static final CsvMapper CSV =
      CsvMapper.builder()
          .enable(CsvParser.Feature.WRAP_AS_ARRAY)
          .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
          .build();

  private final Path file;
  private final DataColumns columns;
  private final boolean labelled;

  private DataFile(Path file, DataColumns columns, boolean labelled) {
    this.file = file;
    this.columns = columns;
    this.labelled = labelled;
  }

  /**
   * Reads a file.
   *
   * @param labelled true if every line has to have a label; else labels are passed over
   * @throws FileFormatException if it is not what it should be, naming the line
   */
  static List<Example> read(Path file, DataColumns columns, boolean labelled) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new FileFormatException(
          file,
          (Files.exists(file) ? "is no file" : "does not exist")
              + ", expected a data file (.jsonl, .csv or .tsv)");
    }
    try (InputStream in = Files.newInputStream(file)) {
      return read(in, file, columns, labelled);
    }
  }

  /** Reads a stream that is called {@code file} in messages. */
  static List<Example> read(InputStream in, Path file, DataColumns columns, boolean labelled)
      throws IOException {
    DataFile data = new DataFile(file, columns, labelled);
    BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                in,
                StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)));
    try {
      skipByteOrderMark(reader);
      String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
      List<Example> examples =
          name.endsWith(".csv")
              ? data.csv(reader, ',')
              : name.endsWith(".tsv") ? data.csv(reader, '\t') : data.jsonLines(reader);
      if (examples.isEmpty()) {
        throw new FileFormatException(file, "has no examples");
      }
      return examples;
    } catch (CharacterCodingException e) {
      throw new FileFormatException(file, "is not UTF-8 text", e);
    }
  }

  private static void skipByteOrderMark(Reader reader) throws IOException {
    reader.mark(1);
    if (reader.read() != BYTE_ORDER_MARK) {
      reader.reset();
    }
  }

  private List<Example> jsonLines(BufferedReader reader) throws IOException {
    List<Example> examples = new ArrayList<>();
    int number = 0;
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      number++;
      if (!line.isBlank()) {
        JsonNode tree;
        try {
          tree = JSON.readTree(line);
        } catch (JsonProcessingException e) {
          throw wrong(number, "is no JSON: " + shortened(e.getOriginalMessage()), e);
        }
        if (!tree.isObject()) {
          throw wrong(number, "is no object, expected one such as {\"text\": \"...\"}", null);
        }
        int n = number;
        examples.add(
            example(number, tree.fieldNames()::forEachRemaining, name -> value(n, tree, name)));
      }
    }
    return examples;
  }

  private @Nullable String value(int line, JsonNode tree, String name) throws IOException {
    JsonNode value = tree.path(name);
    if (value.isContainerNode()) {
      throw wrong(line, "has a list or an object as \"" + name + "\", expected a text", null);
    }
    return value.isMissingNode() || value.isNull() ? null : value.asText();
  }

  private List<Example> csv(BufferedReader reader, char separator) throws IOException {
    List<Example> examples = new ArrayList<>();
    CsvSchema schema = CsvSchema.emptySchema().withColumnSeparator(separator);
    try (MappingIterator<List<String>> rows =
        CSV.readerForListOf(String.class).with(schema).readValues(reader)) {
      List<String> header = rows.hasNextValue() ? rows.nextValue() : List.of();
      while (rows.hasNextValue()) {
        int number = rows.getParser().currentLocation().getLineNr();
        List<String> row = rows.nextValue();
        if (row.size() != header.size()) {
          throw wrong(
              number,
              "has " + row.size() + " columns, expected " + header.size() + " as in the header",
              null);
        }
        examples.add(
            example(
                number,
                header::forEach,
                name -> {
                  int column = header.indexOf(name);
                  return column < 0 ? null : row.get(column);
                }));
      }
    } catch (JsonProcessingException e) {
      throw unreadable(e, e);
    } catch (RuntimeJsonMappingException e) {
      throw unreadable(e.getCause() instanceof JsonProcessingException j ? j : null, e);
    }
    return examples;
  }

  private FileFormatException unreadable(@Nullable JsonProcessingException at, Exception e) {
    int line = at == null || at.getLocation() == null ? 0 : at.getLocation().getLineNr();
    String why = at == null ? String.valueOf(e.getMessage()) : at.getOriginalMessage();
    return wrong(line, "cannot be read: " + shortened(why), e);
  }

  private interface Names {
    void forEach(Consumer<String> action);
  }

  private interface Values {
    @Nullable String get(String name) throws IOException;
  }

  private Example example(int line, Names names, Values values) throws IOException {
    String second = columns.second;
    return new Example(
        required(line, names, values, columns.text),
        second == null ? null : required(line, names, values, second),
        labelled ? required(line, names, values, columns.label) : null);
  }

  private String required(int line, Names names, Values values, String name) throws IOException {
    String value = values.get(name);
    if (value == null) {
      TreeSet<String> there = new TreeSet<>();
      names.forEach(there::add);
      throw wrong(line, "has no \"" + name + "\"; it has " + shortened(there.toString()), null);
    }
    return value;
  }

  private FileFormatException wrong(int line, String problem, @Nullable Exception cause) {
    return new FileFormatException(file, "line " + line + " " + problem, cause);
  }

  private static String shortened(@Nullable String s) {
    String text = String.valueOf(s).replaceAll("\\p{Cntrl}", "?");
    return text.length() <= 200 ? text : text.substring(0, 200) + " ...";
  }

  /** The labels that occur, sorted: as numbers if all of them are. */
  static List<String> labels(List<Example> examples) {
    TreeSet<String> found = new TreeSet<>();
    examples.forEach(e -> found.add(String.valueOf(e.label())));
    boolean numbers = found.stream().allMatch(s -> s.matches("[0-9]{1,9}"));
    return numbers
        ? found.stream().sorted(Comparator.comparingInt(Integer::parseInt)).toList()
        : List.copyOf(found);
  }

  /** Each example's label by its place in {@code labels}. */
  static int[] indices(Path file, List<Example> examples, List<String> labels)
      throws FileFormatException {
    Map<String, Integer> places = new HashMap<>();
    labels.forEach(l -> places.put(l, places.size()));
    int[] out = new int[examples.size()];
    for (int i = 0; i < out.length; i++) {
      Integer place = places.get(String.valueOf(examples.get(i).label()));
      if (place == null) {
        throw new FileFormatException(
            file,
            "example "
                + (i + 1)
                + " has the label \""
                + shortened(examples.get(i).label())
                + "\", expected one of "
                + shortened(labels.toString()));
      }
      out[i] = place;
    }
    return out;
  }
}
