package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Folders in every shape: the ids are those of transformers. See make_tokenizer_folders.py. */
class TokenizerFolderTest {
  private static final JsonNode ALL = read();

  @TempDir Path temp;

  private static JsonNode read() {
    try {
      return new JsonMapper()
          .readTree(TokenizerFolderTest.class.getResource("tokenizer-folders.json"));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static List<String> names() {
    List<String> out = new ArrayList<>();
    ALL.path("cases").forEach(c -> out.add(c.path("name").asText()));
    return out;
  }

  private JsonNode write(String name) throws IOException {
    JsonNode found = null;
    for (JsonNode c : ALL.path("cases")) {
      found = c.path("name").asText().equals(name) ? c : found;
    }
    assertThat(found).as(name).isNotNull();
    for (Map.Entry<String, JsonNode> file : found.path("files").properties()) {
      JsonNode content = file.getValue();
      Files.writeString(
          temp.resolve(file.getKey()), content.isTextual() ? content.asText() : content.toString());
    }
    return found.path("expected");
  }

  private static List<String> texts(JsonNode list) {
    List<String> out = new ArrayList<>();
    list.forEach(t -> out.add(t.asText()));
    return out;
  }

  private static List<Long> longs(JsonNode list) {
    List<Long> out = new ArrayList<>();
    list.forEach(v -> out.add(v.asLong()));
    return out;
  }

  private static List<Long> longs(long[] values) {
    return Arrays.stream(values).boxed().toList();
  }

  @ParameterizedTest
  @MethodSource("names")
  void idsOfTransformers(String name) throws IOException {
    JsonNode expected = write(name);
    List<String> texts = texts(ALL.path("texts"));
    try (Tokenizer tokenizer = Tokenizer.load(temp, 100)) {
      for (int i = 0; i < texts.size(); i++) {
        JsonNode ids = expected.path("ids").path(i);
        if (!ids.isEmpty()) {
          assertThat(longs(tokenizer.encode(List.of(texts.get(i))).inputIds().toLongs()))
              .as("'%s'", texts.get(i))
              .isEqualTo(longs(ids));
          long[] own = longs(ids).stream().mapToLong(Long::longValue).toArray();
          assertThat(tokenizer.decode(own)).isEqualTo(expected.path("decoded").path(i).asText());
        }
      }
    }
    try (Tokenizer tokenizer = Tokenizer.load(temp, 5)) {
      for (int i = 0; i < texts.size(); i++) {
        if (!expected.path("cut").path(i).isEmpty()) {
          assertThat(longs(tokenizer.encode(List.of(texts.get(i))).inputIds().toLongs()))
              .as("the start of '%s'", texts.get(i))
              .isEqualTo(longs(expected.path("cut").path(i)));
        }
      }
    }
    try (Tokenizer tokenizer = Tokenizer.load(temp, 9)) {
      for (int i = 0; i < ALL.path("pairs").size(); i++) {
        List<String> pair = texts(ALL.path("pairs").path(i));
        TokenBatch batch = tokenizer.encode(List.of(pair.get(0)), List.of(pair.get(1)));
        assertThat(longs(batch.inputIds().toLongs()))
            .isEqualTo(longs(expected.path("pairs").path(i)));
        assertThat(longs(batch.tokenTypeIds().toLongs()))
            .isEqualTo(longs(expected.path("types").path(i)));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void sidesPaddingAndLength(String name) throws IOException {
    JsonNode expected = write(name);
    int length = expected.path("max_length").asInt(Integer.MAX_VALUE);
    assertThat(Tokenizer.modelMaxLength(temp)).isEqualTo(length);
    try (Tokenizer tokenizer = Tokenizer.load(temp, 100)) {
      TokenBatch batch = tokenizer.encode(List.of("the", "the cat the cat the"));
      long[] mask = batch.attentionMask().slice(0, 0, 1).toLongs();
      boolean left = expected.path("padding_side").asText().equals("left");
      int last = mask.length - 1;
      assertThat(mask[left ? 0 : last]).isZero();
      assertThat(mask[left ? last : 0]).isOne();
      if (expected.path("pad_id").isNumber()) {
        long[] ids = batch.inputIds().slice(0, 0, 1).toLongs();
        IntStream.range(0, ids.length)
            .filter(i -> mask[i] == 0)
            .forEach(i -> assertThat(ids[i]).isEqualTo(expected.path("pad_id").asLong()));
      }
    }
  }

  @Test
  void filesThatAreNotAsTheyShouldBe() throws IOException {
    assertThatThrownBy(() -> Tokenizer.load(temp, 20))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("tokenizer.json: does not exist, and neither does vocab.txt");
    Files.writeString(temp.resolve("vocab.json"), "{\"a\": 0}");
    assertThatThrownBy(() -> Tokenizer.load(temp, 20))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("merges.txt: does not exist, but is needed");
    Files.writeString(temp.resolve("merges.txt"), "a b\n");
    assertThatThrownBy(() -> Tokenizer.load(temp, 20))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("model.merges[0] has or gives 'b', which is not in model.vocab");
    write("vocab.txt");
    Files.writeString(temp.resolve("tokenizer_config.json"), "{\"do_lower_case\": \"yes\"}");
    assertThatThrownBy(() -> Tokenizer.load(temp, 20))
        .isInstanceOf(FileFormatException.class)
        .hasMessage(
            temp.resolve("tokenizer_config.json")
                + ": do_lower_case is \"yes\", expected true or false");
    Files.writeString(temp.resolve("tokenizer_config.json"), "{\"padding_side\": \"up\"}");
    assertThatThrownBy(() -> Tokenizer.load(temp, 20)).hasMessageContaining("one of left, right");
    Files.writeString(temp.resolve("tokenizer_config.json"), "{\"model_max_length\": 0}");
    assertThatThrownBy(() -> Tokenizer.modelMaxLength(temp))
        .hasMessageContaining("model_max_length is 0, expected a number from 1");
  }
}
