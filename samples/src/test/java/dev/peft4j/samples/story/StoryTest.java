package dev.peft4j.samples.story;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Encodings;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StoryTest {
  private static String model() throws URISyntaxException {
    return Path.of(Objects.requireNonNull(StoryTest.class.getResource("/stories260k")).toURI())
        .toString();
  }

  /** The first number is what PyTorch and transformers compute for the same texts. */
  @Test
  void aModelLearnsToDefineWords(@TempDir Path folder) throws Exception {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    Map<String, String> options =
        Map.of("model", model(), "steps", "12", "out", folder.toString(), "batch", "16");
    Story story =
        new Story(
            StoryOptions.read(options::get), new PrintStream(text, true, StandardCharsets.UTF_8));
    ObjectNode line = story.run();
    assertThat(line.path("train").asInt()).isEqualTo(73_942);
    assertThat(line.path("test").asInt()).isEqualTo(1000);
    double before = line.path("perplexity_before").asDouble();
    assertThat(before).isCloseTo(134.8, within(0.1));
    assertThat(line.path("perplexity_after").asDouble()).isLessThan(before / 2);
    assertThat(folder.resolve("loss.png")).isNotEmptyFile();
    assertThat(Files.exists(folder.resolve("adapter/adapter_model.safetensors"))).isTrue();
    assertThat(text.toString(StandardCharsets.UTF_8))
        .contains("before: dog:", "after:  violin:", "\"tokens_per_second\":");
  }

  @Test
  void textsAreWordsAndTheBeginningsOfTheirGlosses() throws IOException {
    String file =
        """
          1 This is the licence.
        00001740 03 n 01 entity 0 001 ~ 00001930 n 0000 | that which is perceived; "it is"
        00001750 03 n 02 hot_dog 0 hotdog 0 000 | a sausage
        """;
    StoryData data =
        StoryData.read(new ByteArrayInputStream(file.getBytes(StandardCharsets.UTF_8)));
    assertThat(data.test())
        .containsExactly("entity: that which is perceived.", "hot dog: a sausage.");
    assertThat(data.train()).isEmpty();
    assertThatThrownBy(
            () ->
                StoryData.read(
                    new ByteArrayInputStream("x y | z".getBytes(StandardCharsets.UTF_8))))
        .hasMessageContaining("line 1: no synset's offset");
  }

  @Test
  void optionsHaveDefaults() throws Exception {
    StoryOptions options = StoryOptions.read(Map.of("model", "m", "dtype", "BFloat16")::get);
    assertThat(options)
        .isEqualTo(
            new StoryOptions(
                "m",
                300,
                32,
                3e-3f,
                0,
                8,
                Encodings.BFLOAT16,
                null,
                1000,
                Path.of("target", "story")));
  }

  /** Codes of 8 bits keep the perplexity; the adapter learns on them as on the floats. */
  @Test
  void aQuantizedModelLearns(@TempDir Path folder) throws Exception {
    double[] before = new double[2];
    double[] after = new double[2];
    for (int i = 0; i < 2; i++) {
      Map<String, String> options = new HashMap<>();
      options.put("model", model());
      options.put("steps", "8");
      options.put("batch", "8");
      options.put("heldout", "100");
      options.put("out", folder.resolve("run" + i).toString());
      if (i == 1) {
        options.put("quantize", "int8");
      }
      PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, UTF_8);
      ObjectNode line = new Story(StoryOptions.read(options::get), nowhere).run();
      assertThat(line.path("test").asInt()).isEqualTo(100);
      before[i] = line.path("perplexity_before").asDouble();
      after[i] = line.path("perplexity_after").asDouble();
    }
    assertThat(before[1]).isNotEqualTo(before[0]).isCloseTo(before[0], withinPercentage(2));
    assertThat(after[1]).isLessThan(before[1] / 1.3).isCloseTo(after[0], withinPercentage(4));
  }

  @ParameterizedTest
  @CsvSource({
    "steps, 0, 'expected a whole number from 1 to 1000000'",
    "batch, x, 'expected a whole number from 1 to 512'",
    "lr, -1, 'expected a number above 0, such as 3e-3'",
    "seed, 1.5, 'expected a whole number'",
    "dtype, int8, 'expected float32, bfloat16 or float16'",
    "quantize, nf5, 'expected nf4, fp4, int8, q8_0, q4_0, ...'",
    "heldout, 1001, 'expected a whole number from 1 to 1000'",
    "out, '', 'expected a folder'"
  })
  void aWrongOptionIsNamed(String name, String value, String expected) {
    assertThatThrownBy(() -> StoryOptions.read(Map.of("model", "m", name, value)::get))
        .hasMessage("-D" + name + "=" + value + ": " + expected);
  }

  @Test
  void aModelIsNeeded() {
    assertThatThrownBy(() -> StoryOptions.read(_ -> null))
        .hasMessage("-Dmodel=: expected the folder of a decoder, or its name");
  }
}
