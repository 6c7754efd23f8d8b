package dev.peft4j.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.transformers.Kinds;
import dev.peft4j.transformers.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Text that is given out token by token, with tokenizers of every kind. */
class TextStreamTest {
  private static final String TEXT =
      "Hello, don't stop . Café \uD83D\uDE42 漢字 한국어 привет\nnew  line \t 'quoted' e\u0301 !";

  @TempDir static Path temp;

  @TestFactory
  Stream<DynamicTest> joinedThePartsAreTheText() throws IOException {
    return Kinds.unpack(temp.resolve("kinds")).stream()
        .map(f -> DynamicTest.dynamicTest(String.valueOf(f.getFileName()), () -> compare(f)));
  }

  private static void compare(Path folder) throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(folder, 512)) {
      int[] ids = tokenizer.tokenize(TEXT.repeat(6), false).ids();
      check(tokenizer, ids);
      Random random = new Random(folder.hashCode());
      int largest = Arrays.stream(ids).max().orElse(1) + 1;
      for (int round = 0; round < 20; round++) {
        check(tokenizer, random.ints(1 + random.nextInt(60), 0, largest).toArray());
      }
    }
  }

  private static void check(Tokenizer tokenizer, int[] ids) {
    TextStream stream = new TextStream(tokenizer, List.of());
    StringBuilder joined = new StringBuilder();
    for (int id : ids) {
      String part = stream.add(id);
      assertThat(part).doesNotMatch("(?s).*[\uD800-\uDBFF]").doesNotMatch("(?s)[\uDC00-\uDFFF].*");
      joined.append(part);
    }
    joined.append(stream.finish());
    String whole = tokenizer.decode(Arrays.stream(ids).asLongStream().toArray());
    assertThat(joined.toString()).as(Arrays.toString(ids)).isEqualTo(whole);
  }

  private static Tokenizer bytes() throws IOException {
    Path target = java.nio.file.Files.createTempDirectory(temp, "kinds");
    for (Path f : Kinds.unpack(target)) {
      Tokenizer t = Tokenizer.load(f, 512);
      if (t.cleansUp()) {
        continue;
      }
      int[] ids = t.tokenize("x\uD83D\uDE42y", false).ids();
      if (ids.length > 4
          && t.decode(Arrays.stream(ids).asLongStream().toArray()).endsWith("\uD83D\uDE42y")) {
        return t;
      }
      t.close();
    }
    throw new AssertionError("no tokenizer of bytes");
  }

  @Test
  void aCharacterOfSeveralTokensComesWhole() throws IOException {
    try (Tokenizer t = bytes()) {
      TextStream stream = new TextStream(t, List.of());
      List<String> parts = new ArrayList<>();
      for (int id : t.tokenize("x\uD83D\uDE42y", false).ids()) {
        parts.add(stream.add(id));
      }
      parts.add(stream.finish());
      assertThat(parts).contains("").anyMatch(p -> p.contains("\uD83D\uDE42"));
      assertThat(String.join("", parts).strip()).isEqualTo("x\uD83D\uDE42y");
    }
  }

  @Test
  void whatMayBeginAStopIsHeldBack() throws IOException {
    try (Tokenizer t = bytes()) {
      String text = "one two STOQ three STOP four";
      TextStream stream = new TextStream(t, List.of("STOP", "never"));
      StringBuilder out = new StringBuilder();
      for (int id : t.tokenize(text, false).ids()) {
        out.append(stream.add(id));
        assertThat(out.toString()).doesNotEndWith("STO");
        if (stream.stopped()) {
          break;
        }
      }
      out.append(stream.finish());
      assertThat(stream.stopped()).isTrue();
      assertThat(out.toString().strip()).isEqualTo("one two STOQ three");
    }
  }
}
