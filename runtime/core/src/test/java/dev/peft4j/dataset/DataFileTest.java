package dev.peft4j.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.peft4j.dataset.DataFile.Format;
import dev.peft4j.io.FileFormatException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DataFileTest {
  record Review(String text, String label) {}

  enum Mood {
    GOOD,
    BAD
  }

  record House(int rooms, double area, boolean sold, Mood mood, long id, float price) {}

  record Rated(String text, @JsonProperty("stars") int rating, Optional<Integer> helpfulVotes) {}

  record Noted(String text, @Nullable String note, @Nullable Integer count) {}

  record Span(int from, int to) {}

  record Tagged(
      String text, float[] vector, List<String> tags, Span span, Map<String, Integer> at) {}

  record Checked(int stars) {
    Checked {
      if (stars > 5) {
        throw new IllegalArgumentException("stars is " + stars + ", expected 1 to 5");
      }
    }
  }

  @TempDir Path folder;

  private DataFile file(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, text);
    return DataFile.of(file);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "x.csv   | text,id,label;;;\"a, b\",1,pos;;;c,2,neg",
        "x.tsv   | text<TAB>id<TAB>label;;;a, b<TAB>1<TAB>pos;;;c<TAB>2<TAB>neg",
        "x.jsonl | {\"label\": \"pos\", \"text\": \"a, b\"};;;;;;{\"text\": \"c\", \"label\":"
            + " \"neg\", \"x\": {}}"
      })
  void recordsOfEveryFormat(String name, String lines) throws IOException {
    assertThat(file(name, lines.replace(";;;", "\n").replace("<TAB>", "\t")).read(Review.class))
        .containsExactly(new Review("a, b", "pos"), new Review("c", "neg"));
  }

  @Test
  void valuesOfManyTypes() throws IOException {
    House expected = new House(3, 55.5, true, Mood.GOOD, 1L << 40, 1.5e5f);
    assertThat(
            file(
                    "x.csv",
                    "rooms,area,sold,mood,id,price\n3, 55.5,True,good,1099511627776,1.5e5\n"
                        + "3.0,55.5,1,GOOD,1099511627776,150000\n")
                .read(House.class))
        .containsExactly(expected, expected);
    assertThat(
            file(
                    "x.jsonl",
                    "{\"rooms\":3,\"area\":55.5,\"sold\":true,\"mood\":\"Good\",\"id\":1099511627776,"
                        + "\"price\":\"150000\"}")
                .read(House.class))
        .containsExactly(expected);
  }

  @Test
  void listsObjectsAndArrays() throws IOException {
    Tagged t =
        file(
                "x.jsonl",
                "{\"text\":\"a\",\"vector\":[1,2.5],\"tags\":[\"x\",\"y\"],\"span\":{\"from\":1,"
                    + "\"to\":2,\"more\":3},\"at\":{\"k\":7}}")
            .read(Tagged.class)
            .getFirst();
    assertThat(t.vector()).containsExactly(1, 2.5f);
    assertThat(t.tags()).containsExactly("x", "y");
    assertThat(t.span()).isEqualTo(new Span(1, 2));
    assertThat(t.at()).containsExactly(Map.entry("k", 7));
    // JSON in a cell of a table
    assertThat(file("x.csv", "v\n\"[1, 2]\"\n").read(row -> row.get("v", float[].class)).getFirst())
        .containsExactly(1, 2);
  }

  @Test
  void namesOfComponentsAndColumns() throws IOException {
    assertThat(file("x.csv", "text,stars,helpful_votes\na,5,\nb,1,12\n").read(Rated.class))
        .containsExactly(new Rated("a", 5, Optional.empty()), new Rated("b", 1, Optional.of(12)));
    assertThat(
            file("y.csv", "review body, label \nx,1\n")
                .column("text", "review body")
                .read(Review.class))
        .containsExactly(new Review("x", "1"));
    assertThat(file("n.jsonl", "{\"text\":\"a\",\"note\":null}\n").read(Noted.class))
        .containsExactly(new Noted("a", null, null));
  }

  @Test
  void otherShapesOfTables() throws IOException {
    Review expected = new Review("a;b", "1");
    assertThat(file("x.csv", "text;label\n\"a;b\";1\n").separator(';').read(Review.class))
        .containsExactly(expected);
    assertThat(file("x.csv", "\"a;b\",1\n").header("text", "label").read(Review.class))
        .containsExactly(expected);
    Path odd = Files.writeString(folder.resolve("data.txt"), "\ufefftext\tlabel\r\n\"a;b\"\t1\r\n");
    assertThat(DataFile.of(odd, Format.TSV).quoted().read(Review.class)).containsExactly(expected);
    assertThat(DataFile.of(odd, Format.TSV).read(Review.class))
        .containsExactly(new Review("\"a;b\"", "1"));
    Path gz = folder.resolve("x.csv.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(gz))) {
      out.write("text,label\na;b,1\n".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
    assertThat(DataFile.of(gz).read(Review.class)).containsExactly(expected);
    assertThatThrownBy(() -> file("y.csv.gz", "text\n").read(Review.class))
        .hasMessageContaining("y.csv.gz: is not a gzip file");
    assertThat(
            DataFile.from(
                    new ByteArrayInputStream("text,label\na;b,1".getBytes()), Path.of("in.csv"))
                .read(Review.class))
        .containsExactly(expected);
  }

  @Test
  void errorsOfCompressedFilesNameThem() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(all)) {
      out.write("text,label\na,1\n".repeat(900).getBytes());
    }
    byte[] bytes = all.toByteArray();
    byte[] damaged = bytes.clone();
    Arrays.fill(damaged, 20, 40, (byte) 0xff);
    byte[] wrongSum = bytes.clone();
    wrongSum[bytes.length - 6] ^= 1;
    for (byte[] wrong :
        List.of(
            new byte[0], Arrays.copyOf(bytes, 5), Arrays.copyOf(bytes, 40), damaged, wrongSum)) {
      Path gz = Files.write(folder.resolve("z.csv.gz"), wrong);
      assertThatThrownBy(() -> DataFile.of(gz).read(Review.class))
          .isInstanceOf(FileFormatException.class)
          .hasMessageStartingWith(gz + ": ")
          .message()
          .contains("gzip")
          .doesNotContain("null");
    }
  }

  @Test
  void aFunctionOfTheRow() throws IOException {
    DataFile houses = file("x.csv", "rooms,area,sold,price\n3,55.5,false,100\n4,80,true,200\n");
    assertThat(
            houses.read(
                row -> Arrays.toString(row.floats("rooms", "area")) + row.intValue("price")))
        .containsExactly("[3.0, 55.5]100", "[4.0, 80.0]200");
    assertThat(houses.read(row -> row.booleanValue("sold") ? row.longValue("rooms") : -1))
        .containsExactly(-1L, 4L);
    assertThat(houses.read(Row::toString))
        .first()
        .isEqualTo("line 2: {rooms='3', area='55.5', sold='false', price='100'}");
    assertThatThrownBy(
            () ->
                houses.read(
                    row -> {
                      if (row.intValue("price") > 150) {
                        throw row.wrong("price", "is too high, expected at most 150");
                      }
                      return row;
                    }))
        .isInstanceOf(FileFormatException.class)
        .hasMessage(
            folder.resolve("x.csv")
                + ": line 3, column 11: \"price\" is too high, expected at most 150");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "x.csv | text,lable;;;a,b | line 1: has no \"label\"; it has [text, lable]. Did you mean"
            + " \"lable\"?",
        "x.csv | text,label;;;a,b;;;c | line 3: has 1 column, expected 2 as in the header",
        "x.csv | text,label;;;a,b,c | line 2: has 3 columns, expected 2 as in the header; a text"
            + " with commas must be in quotes",
        "x.csv | text,label;;;a,\"b | line 2, column 3: opens a quote that is never closed",
        "x.jsonl | {\"text\": \"a\", \"label\": null} | line 1, column 24: \"label\" is null,"
            + " expected a text",
        "x.jsonl | {\"text\": [\"a\"], \"label\": 1} | line 1, column 10: \"text\" is a list,"
            + " expected a text",
        "x.jsonl | {\"text\": \"a\"} | line 1: has no \"label\"; it has [text]",
        "x.jsonl | {\"text\": \"a\", \"label\": b} | line 1, column 24: is not JSON: Unrecognized"
            + " token 'b': was expecting (JSON String, Number, Array, Object or token 'null',"
            + " 'true' or 'false'); expected an object such as {\"text\": \"...\"}",
        "x.jsonl | {\"text\": \"a\", \"label\": NaN} | line 1, column 27: is not JSON: Non-standard"
            + " token 'NaN'; expected an object such as {\"text\": \"...\"}",
        "x.jsonl | [1, 2] | line 1: is a list of JSON, expected an object such as"
            + " {\"text\": \"...\"}",
        "x.jsonl | {\"text\": \"a\", \"label\": 1};;;{\"text\" | line 2, column 8: is not JSON: "
      })
  void errorsNameThePlace(String name, String lines, String message) {
    assertThatThrownBy(() -> file(name, lines.replace(";;;", "\n")).read(Review.class))
        .isInstanceOf(FileFormatException.class)
        .hasMessageStartingWith(folder.resolve(name) + ": " + message)
        .message()
        .doesNotContain("REDACTED", "Source", "StreamRead");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "3x,1,true,good,1,1 | column 1: \"rooms\" is '3x', expected a whole number of at most"
            + " 2147483647",
        "3.5,1,true,good,1,1 | column 1: \"rooms\" is '3.5', expected a whole number",
        "3000000000,1,true,good,1,1 | column 1: \"rooms\" is '3000000000', expected",
        ",1,true,good,1,1 | column 1: \"rooms\" is empty, expected a whole number",
        "1,NaN,true,good,1,1 | column 3: \"area\" is 'NaN', expected a number",
        "1,1e999,true,good,1,1 | column 3: \"area\" is '1e999', expected a number",
        "1,1,yes,good,1,1 | column 5: \"sold\" is 'yes', expected true or false",
        "1,1,true,fine,1,1 | column 10: \"mood\" is 'fine', expected one of GOOD, BAD",
        "1,1,true,good,1e400,1 | column 15: \"id\" is '1e400', expected a whole number",
        "1,1,true,good,1,- | column 17: \"price\" is '-', expected a number"
      })
  void aValueThatIsSomethingElse(String line, String message) {
    assertThatThrownBy(
            () -> file("h.csv", "rooms,area,sold,mood,id,price\n" + line).read(House.class))
        .hasMessageStartingWith(folder.resolve("h.csv") + ": line 2, " + message);
  }

  @Test
  void whatIsInsideListsAndRecords() {
    String start =
        "{\"text\":\"a\",\"tags\":[],\"span\":{\"from\":1,\"to\":2},\"at\":{},\"vector\":";
    assertThatThrownBy(() -> file("x.jsonl", start + "[1, null]}").read(Tagged.class))
        .hasMessageContaining(
            "x.jsonl: line 1, column 65: \"vector\" is a list, expected float[]: Cannot coerce"
                + " `null` to element of `float[]`");
    assertThatThrownBy(() -> file("x.jsonl", start + "[\"NaN\"]}").read(Tagged.class))
        .hasMessageContaining("\"vector\" has NaN at position 0, expected finite numbers");
    assertThatThrownBy(
            () -> file("x.jsonl", start.replace("\"from\":1,", "") + "[1]}").read(Tagged.class))
        .hasMessageContaining("\"span\" is an object, expected ")
        .hasMessageContaining("Span: ")
        .hasMessageContaining("'from'");
  }

  @Test
  void whatARecordRefusesHasItsPlace() {
    assertThatThrownBy(() -> file("x.csv", "stars\n5\n7\n").read(Checked.class))
        .isInstanceOf(FileFormatException.class)
        .hasMessage(folder.resolve("x.csv") + ": line 3: stars is 7, expected 1 to 5");
    assertThatThrownBy(
            () -> file("x.csv", "stars\n5\n").read(row -> Objects.requireNonNull(null, "no user")))
        .hasMessage(folder.resolve("x.csv") + ": line 2: no user");
  }

  @Test
  void whatIsNoRecord() throws IOException {
    DataFile file = file("x.csv", "text\na\n");
    assertThatThrownBy(() -> file.read(String.class))
        .hasMessageStartingWith("java.lang.String is not a record; give a function instead");
    assertThatThrownBy(() -> file.column("body", "text").read(Review.class))
        .hasMessage("Review has no component \"body\"; it has [text, label]");
    assertThatThrownBy(() -> DataFile.of(Path.of("none.csv")).read(Review.class))
        .hasMessage("none.csv: does not exist, expected a data file (.jsonl, .csv or .tsv)");
    assertThatThrownBy(() -> DataFile.of(folder).read(Review.class))
        .hasMessageContaining("is not a file");
    assertThatThrownBy(() -> DataFile.of(Path.of("x.jsonl")).separator(';'))
        .hasMessageContaining("the separator of JSONL cannot be SEMICOLON");
  }

  /** More rows than this test's memory would hold if they were kept. */
  @Test
  void aStreamReadsAsItGoes() throws IOException {
    Path large = folder.resolve("large.jsonl");
    try (var out = Files.newBufferedWriter(large)) {
      for (int i = 0; i < 200_000; i++) {
        out.write("{\"text\": \"row " + i + "\", \"label\": \"" + (i % 2) + "\"}\n");
      }
      out.write("broken\n");
    }
    try (Stream<Review> reviews = DataFile.of(large).stream(Review.class)) {
      assertThat(reviews.filter(r -> r.label().equals("1")).limit(3).map(Review::text))
          .containsExactly("row 1", "row 3", "row 5"); // the broken line is never reached
    }
    assertThatThrownBy(
            () -> {
              try (Stream<Review> reviews = DataFile.of(large).stream(Review.class)) {
                reviews.count();
                reviews.close();
              }
            })
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageStartingWith(large + ": line 200001, column 1: is not JSON: ")
        .hasCauseInstanceOf(FileFormatException.class);
    Files.delete(large); // closed
  }

  @Test
  void oneListOfObjectsIsReadToo() throws IOException {
    Path file = folder.resolve("list.json");
    Files.writeString(
        file,
        "\n[\n  {\"text\": \"a\", \"n\": 1.50},\n  {\"text\":\n \"b\", \"n\": [1, 2.0]}\n]\n");
    List<String> rows =
        DataFile.of(file).read(r -> r.place() + " " + r.text("text") + " " + r.json());
    assertThat(rows)
        .containsExactly(
            "line 3 a {\"text\":\"a\",\"n\":1.5}", "line 4 b {\"text\":\"b\",\"n\":[1,2.0]}");
    Files.writeString(file, "[]");
    assertThat(DataFile.of(file).read(r -> r.text("text"))).isEmpty();
    Files.writeString(file, "[{\"text\": \"a\"}, 3]");
    assertThatThrownBy(() -> DataFile.of(file).read(r -> r.text("text")))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("line 1, column 17: is a number in a list, expected objects");
    Files.writeString(file, "[{\"text\": \"a\"}] x");
    assertThatThrownBy(() -> DataFile.of(file).read(r -> r.text("text")))
        .hasMessageContaining("line 1");
    Files.writeString(file, "[\n{\"text\": \"a\",\n \"text\": \"b\"}]");
    assertThatThrownBy(() -> DataFile.of(file).read(r -> r.text("text")))
        .hasMessageContaining("line 3");
    Files.writeString(file, "[{\"text\": \"a\"}");
    assertThatThrownBy(() -> DataFile.of(file).read(r -> r.text("text")))
        .hasMessageContaining("list.json");
  }

  @Test
  void aRowOfATableAsJson() throws IOException {
    Path file = folder.resolve("t.csv");
    Files.writeString(file, "text,n\na,1\n");
    assertThat(DataFile.of(file).read(r -> r.json().toString()))
        .containsExactly("{\"text\":\"a\",\"n\":\"1\"}");
  }
}
