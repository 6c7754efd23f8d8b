package dev.peft4j.io;

import static dev.peft4j.io.TestFiles.safetensors;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** One file for each way in which a safetensors file can be wrong. */
class SafeTensorsBadFileTest {
  private static final String ENTRY = "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";

  @TempDir Path folder;

  private static Arguments bad(String what, byte[] bytes, String... words) {
    return Arguments.of(what, bytes, words);
  }

  private static Arguments header(String what, String header, int data, String... words) {
    return Arguments.of(what, safetensors(header, data), words);
  }

  private static Arguments entry(String what, String fields, int data, String... words) {
    String[] all = Arrays.copyOf(words, words.length + 1);
    all[words.length] = "tensor 'a'";
    return header(what, "{\"a\":{" + fields + "}}", data, all);
  }

  private static byte[] ascii(String s) {
    return s.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] lengthOnly(long length, String rest) {
    return ByteBuffer.allocate(8 + rest.length())
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(length)
        .put(ascii(rest))
        .array();
  }

  static Stream<Arguments> badFiles() {
    String t = ENTRY;
    String f32 = "\"dtype\":\"F32\",\"data_offsets\":[0,4],\"shape\":";
    String one = "\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":";
    String typed = "\"shape\":[1],\"data_offsets\":[0,4],\"dtype\":";
    return Stream.of(
        bad("empty", new byte[0], "is empty"),
        bad("seven bytes", new byte[7], "only 7 bytes"),
        bad("zeros", new byte[8], "header is empty"),
        bad("many zeros", new byte[800], "header is empty"),
        bad("text", ascii("hello, this is no safetensors file"), "not a safetensors file"),
        bad("html", ascii("<!DOCTYPE html><html>not found</html>"), "looks like text"),
        bad("json", ascii("{\"a\": 1, \"b\": [1, 2, 3]}"), "looks like text"),
        bad("pickle", ascii("PK\u0003\u0004" + "x".repeat(99)), "torch.save"),
        bad("lfs", ascii("version https://git-lfs.github.com/spec/v1\noid x"), "git lfs pull"),
        bad("longer than the file", lengthOnly(3, "{}"), "should have 3 bytes", "after"),
        bad("absurdly long", lengthOnly(100_000_001, "{}"), "100000001", "at most 100000000"),
        bad("negative", lengthOnly(-1, "{}"), "18446744073709551615"),
        bad("2^63", lengthOnly(Long.MIN_VALUE, "{}"), "9223372036854775808"),
        header("list", "[]", 0, "does not begin with '{'"),
        header("space first", " {}", 0, "does not begin with '{'", "0x20"),
        bad("byte order mark", safetensors("\ufeff{}", 0), "does not begin with '{'"),
        bad("utf-16", safetensors("{}".getBytes(StandardCharsets.UTF_16LE), 0), "not valid JSON"),
        bad("not utf-8", safetensors(ascii("{\"\u00ff\":" + t + "}"), 4), "not UTF-8"),
        bad(
            "utf-8 surrogate",
            safetensors(ascii("{\"\u00ed\u00a0\u0080\":" + t + "}"), 4),
            "not UTF-8"),
        bad("utf-8 cut", safetensors(ascii("{\"a\":" + t + "}\u00c3"), 4), "not UTF-8"),
        header("half a pair", "{\"\\ud800\":" + t + "}", 4, "surrogate"),
        header("cut json", "{\"a\":{\"dtype\":", 4, "not valid JSON"),
        header("only a brace", "{", 0, "not valid JSON"),
        header("trailing comma", "{\"a\":" + t + ",}", 4, "not valid JSON"),
        header("comment", "{/* */}", 0, "not valid JSON"),
        header("control character", "{\"\u0001\":" + t + "}", 4, "not valid JSON"),
        header("single quotes", "{'a':" + t + "}", 4, "not valid JSON"),
        header("two objects", "{}{}", 0, "after its closing brace"),
        header("garbage after", "{}x", 0, "not valid JSON"),
        header("zero after", "{}\0", 0, "not valid JSON"),
        header("entry is a number", "{\"a\":3}", 0, "tensor 'a' is the number 3"),
        header("entry is null", "{\"a\":null}", 0, "tensor 'a' is null"),
        header("entry is a list", "{\"a\":[\"F32\",[1],[0,4]]}", 4, "tensor 'a' is a list"),
        header("duplicate", "{\"a\":" + t + ",\"a\":" + t + "}", 4, "tensor 'a' twice"),
        header("duplicate escaped", "{\"a\":" + t + ",\"\\u0061\":" + t + "}", 4, "'a' twice"),
        header("deep", "{\"a\":" + "[".repeat(100_000), 0, "tensor 'a' is a list"),
        header("deep shape", "{\"a\":{\"shape\":" + "[".repeat(100_000), 0, "a list as size 0"),
        header("deep metadata", "{\"__metadata__\":{\"x\":" + "{\"y\":".repeat(9999), 0, "'x'"),
        entry("no dtype", "\"shape\":[1],\"data_offsets\":[0,4]", 4, "no dtype"),
        entry("no shape", "\"dtype\":\"F32\",\"data_offsets\":[0,4]", 4, "no shape"),
        entry("no offsets", "\"dtype\":\"F32\",\"shape\":[1]", 4, "no data_offsets"),
        entry("empty entry", "", 0, "no dtype"),
        entry("extra field", one + "[0,4],\"scale\":2", 4, "unknown field 'scale'"),
        entry("two dtypes", typed + "\"F32\",\"dtype\":\"F32\"", 4, "dtype twice"),
        entry("two shapes", f32 + "[1],\"shape\":[1]", 4, "shape twice"),
        entry("two offsets", one + "[0,4],\"data_offsets\":[0,4]", 4, "data_offsets twice"),
        entry("unknown dtype", typed + "\"Q4\"", 4, "unknown dtype 'Q4'", "BF16"),
        entry("lower case dtype", typed + "\"f32\"", 4, "unknown dtype 'f32'"),
        entry("dtype number", typed + "32", 4, "dtype the number 32"),
        entry("dtype null", typed + "null", 4, "dtype null"),
        entry("negative size", f32 + "[-1]", 4, "-1"),
        entry("minus zero", f32 + "[-0]", 4, "-0"),
        entry("fraction", f32 + "[1.0]", 4, "1.0"),
        entry("exponent", f32 + "[1e0]", 4, "1e0"),
        entry("text size", f32 + "[\"1\"]", 4, "the text '1'"),
        entry("null size", f32 + "[null]", 4, "null"),
        entry("shape null", f32 + "null", 4, "shape null"),
        entry("shape object", f32 + "{}", 4, "shape an object"),
        entry("shape number", f32 + "1", 4, "shape the number 1"),
        entry("large size", f32 + "[4294967296]", 4, "too large"),
        entry("huge size", f32 + "[99999999999999999999999999]", 4, "99999999999999999999999999"),
        header("digits", "{\"a\":{" + f32 + "[" + "9".repeat(5000) + "]}}", 4, "not valid JSON"),
        entry("overflow", f32 + "[65536,65536,65536,65536]", 4, "too large"),
        entry("overflow to zero", f32 + "[2147483647,2147483647,0]", 4, "too large"),
        entry("no offset", one + "[]", 4, "0 data_offsets"),
        entry("one offset", one + "[4]", 4, "1 data_offsets"),
        entry("three offsets", one + "[0,4,4]", 4, "more than two"),
        entry("offsets null", one + "null", 4, "data_offsets null"),
        entry("negative offset", one + "[-4,0]", 4, "-4"),
        entry("fraction offset", one + "[0,4.0]", 4, "4.0"),
        entry("2^64 offset", one + "[0,18446744073709551616]", 4, "18446744073709551616"),
        entry("2^63 offset", one + "[0,9223372036854775808]", 4, "9223372036854775808"),
        entry("far end", one + "[0,9223372036854775807]", 4, "only 4 bytes follow"),
        entry("truncated data", one + "[0,4]", 3, "only 3 bytes follow", "truncated"),
        entry("backwards", one + "[4,0]", 8, "before it begins"),
        entry("too few bytes", one + "[0,3]", 3, "has 4 bytes", "span 3"),
        entry("too many bytes", one + "[0,8]", 8, "has 4 bytes", "span 8"),
        entry("hole at the start", one + "[4,8]", 8, "no holes"),
        entry(
            "empty past the end", "\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[5,5]", 4, "5"),
        entry(
            "half bytes",
            "\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]",
            2,
            "whole bytes"),
        header("uncovered", "{\"a\":" + t + "}", 5, "end after 4 bytes", "5 bytes follow"),
        header("uncovered without tensors", "{}", 1, "end after 0 bytes"),
        header("same bytes", "{\"a\":" + t + ",\"b\":" + t + "}", 4, "'b'", "overlap"),
        header(
            "overlap",
            "{\"a\":" + t + ",\"b\":" + t.replace("[0,4]", "[2,6]") + "}",
            6,
            "tensor 'b' begins at byte 2, inside tensor 'a'"),
        header(
            "hole",
            "{\"a\":" + t + ",\"b\":" + t.replace("[0,4]", "[6,10]") + "}",
            10,
            "tensor 'b' begins at byte 6, but tensor 'a' ends at byte 4"),
        header(
            "empty inside another",
            "{\"a\":" + t + ",\"b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[2,2]}}",
            4,
            "'b'",
            "overlap"),
        header("metadata list", "{\"__metadata__\":[]}", 0, "__metadata__ is a list"),
        header("metadata text", "{\"__metadata__\":\"x\"}", 0, "__metadata__ is the text 'x'"),
        header("metadata number", "{\"__metadata__\":{\"k\":1}}", 0, "the number 1 under 'k'"),
        header("metadata null value", "{\"__metadata__\":{\"k\":null}}", 0, "null under 'k'"),
        header("metadata object", "{\"__metadata__\":{\"k\":{}}}", 0, "an object under 'k'"),
        header("metadata key twice", "{\"__metadata__\":{\"k\":\"\",\"k\":\"\"}}", 0, "'k' twice"),
        header("metadata twice", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "twice"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("badFiles")
  void isRefusedWithASentence(String what, byte[] bytes, String[] words) throws Exception {
    Path file = Files.write(folder.resolve("bad.safetensors"), bytes);
    assertThatThrownBy(() -> SafeTensors.open(file))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("bad.safetensors: ")
        .hasMessageContainingAll(words)
        .satisfies(e -> assertThat(e.getMessage().length()).isLessThan(1500))
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
  }

  @Test
  void everyTruncationOfAGoodFileIsRefused() throws Exception {
    byte[] good = Files.readAllBytes(TestFiles.resource("names.safetensors"));
    Path file = folder.resolve("cut.safetensors");
    for (int n = 0; n < good.length; n++) {
      Files.write(file, Arrays.copyOf(good, n));
      assertThatThrownBy(() -> SafeTensors.open(file)).isInstanceOf(FileFormatException.class);
    }
    Files.write(file, Arrays.copyOf(good, good.length + 1));
    assertThatThrownBy(() -> SafeTensors.open(file)).isInstanceOf(FileFormatException.class);
  }

  @Test
  void whatIsNoFileIsRefused() {
    assertThatThrownBy(() -> SafeTensors.open(folder.resolve("nowhere")))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("does not exist");
    assertThatThrownBy(() -> SafeTensors.open(folder))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("is a folder");
  }

  @Test
  void aDeviceIsRefusedAndNotReadForever() {
    Path zero = Path.of("/dev/zero");
    Assumptions.assumeTrue(Files.exists(zero));
    assertThatThrownBy(() -> SafeTensors.open(zero)).hasMessageContaining("not a regular file");
  }

  @Test
  void aLongNameIsShortenedInMessages() throws Exception {
    String name = "n".repeat(1_000_000);
    Path file = folder.resolve("long");
    Files.write(file, safetensors("{\"" + name + "\":3}", 0));
    assertThatThrownBy(() -> SafeTensors.open(file))
        .satisfies(e -> assertThat(e.getMessage().length()).isLessThan(1000))
        .hasMessageContaining("1000000 characters");
  }

  @Test
  void aHostileHeaderOfFullSizeNeitherHangsNorOverflows() throws Exception {
    Path file = folder.resolve("large");
    // A header of zeros after the first bytes; a sparse file, so nothing is written.
    try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
      f.setLength(8 + 100_000_000L);
      f.write(lengthOnly(100_000_000, "{\"a\":{\"shape\":["));
    }
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () ->
            assertThatThrownBy(() -> SafeTensors.open(file))
                .isInstanceOf(FileFormatException.class));
    StringBuilder nested = new StringBuilder("{\"__metadata__\":{\"x\":");
    nested.append("[".repeat(5_000_000));
    Files.write(file, safetensors(nested.toString(), 0));
    assertThatThrownBy(() -> SafeTensors.open(file)).isInstanceOf(FileFormatException.class);
  }
}
