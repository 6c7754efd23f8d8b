package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.fuzz.Attack;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokenizers of many model families: the ids are those of transformers, whatever the length. */
class TokenizerKindsTest {
  private static final String[] WORDS = {
    "the",
    "cat",
    "Paris",
    "don't",
    "café",
    "漢字",
    "ab,c",
    "<mask>",
    "[MASK]",
    " two",
    "\n",
    "a\nb",
    "zzzzzzzzzzzz",
    "É",
    "1234",
    "foo. Bar",
    "ﬁ",
    "🙂",
    "привет",
    "한국어",
    "\t",
    "漢字。漢字，"
  };

  @TempDir static Path temp;
  private static List<Path> folders;

  @BeforeAll
  static void unpack() throws IOException {
    folders = Kinds.unpack(temp);
  }

  @Test
  void idsOfTransformers() throws IOException {
    assertThat(folders).hasSizeGreaterThan(20);
    for (Path folder : folders) {
      JsonNode cases = Kinds.JSON.readTree(folder.resolve("cases.json").toFile());
      try (Tokenizer tokenizer = Tokenizer.load(folder, 4000)) {
        for (JsonNode text : cases.path("texts")) {
          long[] ids = Kinds.longs(text.path(1));
          String what = folder.getFileName() + " '" + text.path(0).asText() + "'";
          if (ids.length > 0) {
            assertThat(tokenizer.encode(List.of(text.path(0).asText())).inputIds().toLongs())
                .as(what)
                .isEqualTo(ids);
          }
          assertThat(tokenizer.decode(ids)).as(what).isEqualTo(text.path(2).asText());
          if (!tokenizer.cleansUp()) {
            assertThat(streamed(tokenizer, ids)).as(what).isEqualTo(text.path(2).asText());
          }
        }
      }
      for (JsonNode pair : cases.path("pairs")) {
        int length = pair.path(2).asInt(4000);
        try (Tokenizer tokenizer = Tokenizer.load(folder, length)) {
          TokenBatch batch =
              tokenizer.encode(List.of(pair.path(0).asText()), List.of(pair.path(1).asText()));
          assertThat(batch.inputIds().toLongs())
              .as("%s %s", folder.getFileName(), pair)
              .isEqualTo(Kinds.longs(pair.path(3)));
          if (!pair.path(4).isNull()) {
            assertThat(batch.tokenTypeIds().toLongs()).isEqualTo(Kinds.longs(pair.path(4)));
          }
        }
      }
    }
  }

  /** What a stream gives, and what it still keeps of an unfinished character. */
  private static String streamed(Tokenizer tokenizer, long[] ids) {
    DecodeStream stream = tokenizer.stream(true);
    StringBuilder text = new StringBuilder();
    for (long id : ids) {
      String part = stream.step(id);
      text.append(part == null ? "" : part);
    }
    String whole = tokenizer.decode(ids);
    return whole.startsWith(text.toString()) && whole.indexOf('\uFFFD', text.length()) >= 0
        ? whole
        : text.toString();
  }

  private static String text(Random random, int length) {
    StringBuilder text = new StringBuilder();
    while (text.length() < length) {
      text.append(WORDS[random.nextInt(WORDS.length)]).append(random.nextInt(20) == 0 ? "" : " ");
    }
    return text.toString();
  }

  /** A long text is not encoded to its end when few tokens are wanted; nobody sees that. */
  @Test
  void longTextsBeginAsTheyDo() throws IOException {
    Random random = new Random(5);
    for (Path folder : folders) {
      try (Tokenizer whole = Tokenizer.load(folder, Integer.MAX_VALUE)) {
        for (int round = 0; round < Attack.rounds(1); round++) {
          String text = text(random, 20_000 + random.nextInt(20_000));
          long[] all = whole.encode(List.of(text)).inputIds().toLongs();
          int around = whole.encode(List.of("x")).tokens() - 1;
          for (int length : new int[] {around + 3, 100 + random.nextInt(300)}) {
            try (Tokenizer tokenizer = Tokenizer.load(folder, length)) {
              long[] some = tokenizer.encode(List.of(text)).inputIds().toLongs();
              assertThat(some).hasSize(length);
              int same = length - around;
              assertThat(Arrays.copyOf(some, same))
                  .as("%s, %d tokens of %d characters", folder, length, text.length())
                  .isEqualTo(Arrays.copyOf(all, same));
            }
          }
        }
      }
    }
  }

  @Test
  void pairsOfLongTexts() throws IOException {
    Random random = new Random(6);
    String one = text(random, 30_000);
    String two = text(random, 40_000);
    for (Path folder : folders) {
      for (int length : new int[] {9, 200, 201}) {
        try (Tokenizer tokenizer = Tokenizer.load(folder, length)) {
          List<long[]> rows = new ArrayList<>();
          // what lies behind the first few thousand characters makes no difference
          for (int cut : new int[] {10_000, 30_000}) {
            String first = one.substring(0, one.indexOf(" the ", cut - 5000));
            String second = two.substring(0, two.indexOf(" the ", cut - 5000));
            rows.add(tokenizer.encode(List.of(first), List.of(second)).inputIds().toLongs());
          }
          assertThat(rows.getLast()).as("%s, %d", folder, length).hasSize(length);
          if (!List.of("gemma", "llama2", "llama2-metaspace", "phi3")
              .contains(folder.getFileName().toString())) {
            assertThat(rows.getFirst()).as("%s, %d", folder, length).isEqualTo(rows.getLast());
          }
        }
      }
    }
  }

  /** 3.2 MB for 20 tokens: milliseconds where words end somewhere, an error where none does. */
  @Test
  void aVeryLongText() throws IOException {
    String text = "lorem ipsum dolor sit amet ".repeat(120_000);
    for (Path folder : folders) {
      try (Tokenizer tokenizer = Tokenizer.load(folder, 20)) {
        long start = System.nanoTime();
        assertThat(tokenizer.encode(List.of(text)).tokens()).isEqualTo(20);
        assertThat(System.nanoTime() - start).as("%s", folder).isLessThan(3_000_000_000L);
      }
    }
    try (Tokenizer tokenizer = Tokenizer.load(folders.getFirst(), 20)) {
      assertThatThrownBy(() -> tokenizer.encode(List.of("a".repeat(4_000_001))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "Tokenizer: a text of 4,000,001 characters; at most 4,000,000 are encoded at once,"
                  + " cut it into pieces");
    }
  }
}
