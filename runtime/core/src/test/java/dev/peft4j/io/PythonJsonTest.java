package dev.peft4j.io;

import static dev.peft4j.io.TestFiles.resource;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PythonJsonTest {
  @TempDir Path folder;

  @Test
  void writesWhatPythonWrites() throws Exception {
    for (String name :
        new String[] {
          "tree.json", "adapter/adapter_config.json", "named/extra/adapter_config.json"
        }) {
      Path file = resource(name);
      assertThat(PythonJson.format(PythonJson.read(file))).isEqualTo(Files.readString(file));
    }
  }

  @Test
  void writesFloatsAsPythonDoes() throws Exception {
    for (String line : Files.readAllLines(resource("floats.txt"))) {
      double value = Double.longBitsToDouble(Long.parseUnsignedLong(line.substring(0, 16), 16));
      assertThat(PythonJson.repr(value)).isEqualTo(line.substring(17));
    }
  }

  @Test
  void wholeNumbersAreWrittenAsIntegers() {
    assertThat(PythonJson.number(4.0).toString()).isEqualTo("4");
    assertThat(PythonJson.number(5e9).toString()).isEqualTo("5000000000");
    assertThat(PythonJson.format(PythonJson.number(0.5))).isEqualTo("0.5");
    assertThat(PythonJson.format(PythonJson.number(1e-5))).isEqualTo("1e-05");
  }

  @Test
  void readsTheTokensThatPythonWritesForNoNumber() throws Exception {
    Path file = Files.writeString(folder.resolve("f"), "{\"a\": NaN, \"b\": -Infinity}");
    ObjectNode tree = PythonJson.read(file);
    assertThat(tree.get("a").doubleValue()).isNaN();
    assertThat(PythonJson.format(tree)).isEqualTo("{\n  \"a\": NaN,\n  \"b\": -Infinity\n}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``|is empty",
        "` \n `|is empty",
        "[]|an empty list",
        "3|the number 3",
        "\"x\"|the text 'x'",
        "null|null",
        "{|not valid JSON in line 1",
        "{\"a\":1,\"a\":2}|uplicate",
        "{\"a\":{\"b\":1,\"b\":2}}|uplicate",
        "{\"a\":1} x|not valid JSON",
        "{}{}|not valid JSON",
        "{\"a\":01}|not valid JSON",
        "{'a':1}|not valid JSON",
        "{\"a\":1,}|not valid JSON",
        "nonsense|not valid JSON",
      })
  void badTextIsRefused(String text, String words) throws Exception {
    Path file = Files.writeString(folder.resolve("c.json"), text);
    assertThatThrownBy(() -> PythonJson.read(file))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContainingAll("c.json: ", words);
  }

  @Test
  void deepNestingAndForeignBytesAreRefused() throws Exception {
    Path file = folder.resolve("c.json");
    Files.writeString(file, "{\"a\":" + "[".repeat(1_000_000) + "]".repeat(1_000_000) + "}");
    assertThatThrownBy(() -> PythonJson.read(file))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("not valid JSON");
    Files.write(file, "{\"ü\": 1}".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> PythonJson.read(file)).hasMessageContaining("not UTF-8");
    assertThatThrownBy(() -> PythonJson.read(folder)).hasMessageContaining("is a folder");
    assertThatThrownBy(() -> PythonJson.read(folder.resolve("x"))).hasMessageContaining("exist");
  }
}
