package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.io.FileFormatException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
  @TempDir Path temp;

  @Test
  void pairsAsInPython() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(Tiny.FOLDER, 20)) {
      TokenBatch pairs =
          tokenizer.encode(
              List.of("A large cat, with stripes.", "an act"),
              List.of("the animal runs", "of eating food in the water"));
      int tokens = pairs.tokens();
      assertThat(tokens).isEqualTo(Tiny.io("input.ids").dim(1));
      assertThat(pairs.inputIds().slice(0, 0, 1).toLongs())
          .isEqualTo(Tiny.io("input.ids").slice(0, 0, 1).toLongs());
      assertThat(pairs.tokenTypeIds().slice(0, 1, 2).toLongs())
          .isEqualTo(Tiny.io("input.types").slice(0, 3, 4).toLongs());
      assertThat(pairs.attentionMask().slice(0, 1, 2).toLongs())
          .isEqualTo(Tiny.io("input.mask").slice(0, 3, 4).toLongs());
    }
  }

  @Test
  void padsToTheLongestAndCutsAtMaxLength() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(Tiny.FOLDER.resolve("tokenizer.json"), 6)) {
      TokenBatch batch = tokenizer.encode(List.of("the cat", "the large cat with a long tail", ""));
      assertThat(batch.size()).isEqualTo(3);
      assertThat(batch.tokens()).isEqualTo(6);
      assertThat(batch.attentionMask().toLongs())
          .containsExactly(1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0);
      long[] ids = batch.inputIds().toLongs();
      assertThat(ids[4]).isZero();
      assertThat(tokenizer.decode(ids[6], ids[7], ids[8])).isEqualTo("the large");
      assertThat(ids[11]).as("[SEP] stays").isEqualTo(3);
      assertThat(tokenizer.encode(List.of("cat")).tokens()).isEqualTo(3);
    }
  }

  @Test
  void padsToAMultiple() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(Tiny.FOLDER.resolve("tokenizer.json"), 6)) {
      TokenBatch batch = tokenizer.padToMultipleOf(4).encode(List.of("the cat", "the large cat"));
      assertThat(batch.tokens()).isEqualTo(8);
      assertThat(batch.attentionMask().toLongs())
          .containsExactly(1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0);
      assertThat(tokenizer.lengths(List.of("the cat", "the large cat"))).containsExactly(4, 5);
      assertThat(tokenizer.lengths(List.of())).isEmpty();
      assertThatThrownBy(() -> tokenizer.padToMultipleOf(0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("multiple of 0");
    }
  }

  @Test
  void fromAStream() throws IOException {
    try (InputStream in = Files.newInputStream(Tiny.FOLDER.resolve("tokenizer.json"));
        Tokenizer tokenizer = Tokenizer.load(in, "tokenizer.json", 20)) {
      assertThat(tokenizer.encode(List.of("the cat")).tokens()).isEqualTo(4);
    }
  }

  @Test
  void leavesNoTraceInTheSystemProperties() throws IOException {
    Tokenizer.load(Tiny.FOLDER, 20).close();
    assertThat(System.getProperty("ai.djl.offline")).isNull();
  }

  @Test
  void sharedByThreads() throws Exception {
    try (Tokenizer tokenizer = Tokenizer.load(Tiny.FOLDER, 20);
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<String> texts = List.of("a small black dog", "eating plants");
      long[] expected = tokenizer.encode(texts).inputIds().toLongs();
      List<Callable<long[]>> jobs = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        jobs.add(() -> tokenizer.encode(texts).inputIds().toLongs());
      }
      for (Future<long[]> f : threads.invokeAll(jobs)) {
        assertThat(f.get()).isEqualTo(expected);
      }
    }
  }

  @Test
  void emptyBatch() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(Tiny.FOLDER, 20)) {
      assertThatThrownBy(() -> tokenizer.encode(List.of()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("empty");
      assertThatThrownBy(() -> tokenizer.encode(List.of("a"), List.of("a", "b")))
          .hasMessageContaining("1 first texts and 2 second ones");
    }
  }

  @Test
  void missingFile() {
    assertThatThrownBy(() -> Tokenizer.load(temp, 20))
        .isInstanceOf(FileFormatException.class)
        .hasMessageStartingWith(temp.resolve("tokenizer.json") + ": does not exist");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "{", "[1, 2]", "{}", "not json", "{\"model\": {\"type\": \"WordPiece\"}}"})
  void brokenFile(String json) {
    InputStream in = new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> Tokenizer.load(in, "some/tokenizer.json", 20))
        .isInstanceOf(FileFormatException.class)
        .hasMessageStartingWith("some/tokenizer.json: ")
        .hasMessageNotContaining("\n");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -3, 1, 2})
  void tooShort(int maxLength) {
    assertThatThrownBy(() -> Tokenizer.load(Tiny.FOLDER, maxLength))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxLength");
  }
}
