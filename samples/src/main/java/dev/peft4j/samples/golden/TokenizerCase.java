package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.transformers.DecodeStream;
import dev.peft4j.transformers.TokenBatch;
import dev.peft4j.transformers.TokenWindows;
import dev.peft4j.transformers.TokenizedText;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.transformers.Truncation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A tokenizer's folder with what transformers makes of some texts: {@code cases.json} beside {@code
 * tokenizer.json}.
 */
final class TokenizerCase {
  private static final String CASES = "cases.json";
  private static final int LONG = 100_000;
  private static final int MAX_REASONS = 3;
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final Path folder;
  private final Tokenizer tokenizer;
  private final List<String> wrong = new ArrayList<>();
  private int failed;

  private TokenizerCase(Path folder, Tokenizer tokenizer) {
    this.folder = folder;
    this.tokenizer = tokenizer;
  }

  /** Returns whether {@code folder} is a case of this kind. */
  static boolean looksLikeOne(Path folder) {
    return Files.exists(folder.resolve(CASES)) && Files.exists(folder.resolve("tokenizer.json"));
  }

  static CaseResult run(Path folder) {
    try (Tokenizer tokenizer = Tokenizer.load(folder, LONG)) {
      TokenizerCase one = new TokenizerCase(folder, tokenizer);
      JsonNode cases = MAPPER.readTree(folder.resolve(CASES).toFile());
      cases.path("texts").forEach(one::text);
      cases.path("words").forEach(one::words);
      cases.path("pairs").forEach(one::windows);
      for (JsonNode batch : cases.path("batches")) {
        one.batch(batch);
      }
      if (one.failed > MAX_REASONS) {
        one.wrong.add("and " + (one.failed - MAX_REASONS) + " more");
      }
      return CaseResult.of(List.of(), one.wrong);
    } catch (IOException | RuntimeException e) {
      return CaseResult.failed(e.toString());
    }
  }

  private void compare(String what, @Nullable Object found, JsonNode expected) {
    JsonNode here = read(found);
    if (!here.equals(expected) && ++failed <= MAX_REASONS) {
      wrong.add(what + " " + here + " instead of " + expected);
    }
  }

  private static JsonNode read(@Nullable Object found) {
    try {
      return MAPPER.readTree(
          MAPPER.writeValueAsString(found)); // numbers of any size are alike then
    } catch (com.fasterxml.jackson.core.JacksonException e) {
      throw new IllegalStateException(e);
    }
  }

  // ---- a text

  private void text(JsonNode c) {
    String text = c.path("text").textValue();
    String what = "'" + (text.length() > 40 ? text.substring(0, 40) + "..." : text) + "': ";
    TokenizedText t = tokenizer.tokenize(text, true);
    long[] ids = Arrays.stream(t.ids()).asLongStream().toArray();
    compare(what + "ids", ids, c.path("ids"));
    compare(what + "tokens", each(t, t::token), c.path("tokens"));
    compare(what + "offsets", offsets(t, i -> text), c.path("offsets"));
    compare(
        what + "plain ids",
        tokenizer.tokenize(text, false).ids(),
        c.has("plain_ids") ? c.path("plain_ids") : c.path("ids"));
    compare(what + "decoded", tokenizer.decode(ids, false), c.path("decoded"));
    compare(what + "decoded, skipping", tokenizer.decode(ids), c.path("decoded_skip"));
    compare(what + "steps", steps(ids), c.path("steps"));
    compare(what + "stream", PrintedWords.of(tokenizer, ids), c.path("stream"));
  }

  private List<@Nullable String> steps(long[] ids) {
    DecodeStream stream = tokenizer.stream(true);
    List<@Nullable String> out = new ArrayList<>();
    for (long id : ids) {
      out.add(stream.step(id));
    }
    return out;
  }

  private static List<Object> each(TokenizedText t, IntFunction<?> of) {
    return IntStream.range(0, t.size()).<Object>mapToObj(of).toList();
  }

  /** Returns the places in code points. */
  private static List<Object> offsets(TokenizedText t, IntFunction<String> texts) {
    return each(
        t,
        i -> {
          String text = texts.apply(i);
          return new int[] {text.codePointCount(0, t.start(i)), text.codePointCount(0, t.end(i))};
        });
  }

  // ---- words, pairs, batches

  private void words(JsonNode c) {
    List<String> words = new ArrayList<>();
    c.path("words").forEach(w -> words.add(w.textValue()));
    TokenizedText t = tokenizer.tokenizeWords(words, true);
    String what = words + ": ";
    compare(what + "ids", t.ids(), c.path("ids"));
    compare(what + "words", each(t, i -> t.word(i) < 0 ? null : t.word(i)), c.path("word_ids"));
    compare(
        what + "offsets",
        offsets(t, i -> t.word(i) < 0 ? "" : words.get(t.word(i))),
        c.path("offsets"));
  }

  private void windows(JsonNode c) {
    String text = c.path("text").textValue();
    String pair = c.path("pair").textValue();
    JsonNode options = c.path("options");
    boolean all = options.path("return_overflowing_tokens").asBoolean();
    String what = "'" + text + "', '" + pair + "', " + options + ": ";
    List<TokenizedText> windows;
    try {
      windows = tokenizer.tokenize(text, pair, settings(c, options, all));
    } catch (IllegalArgumentException e) {
      // Where transformers gives more tokens than the length, which is below those it adds, we say
      // that they do not fit.
      boolean refused =
          c.has("error") || c.path("ids").size() > options.path("max_length").asInt(LONG);
      if (!refused) {
        compare(what + "ids", e.getMessage(), c.path("ids"));
      }
      return;
    }
    if (c.has("error")) {
      compare(what + "result", windows.getFirst().ids(), c.path("error"));
      return;
    }
    if (all && windows.size() > c.path("ids").size()) {
      // Release 0.23 reads a text only to the end of the word with which a window is full, and so
      // loses the windows behind it; ours begin with those, and are those of what it has read.
      int same = c.path("ids").size() - 1;
      for (int i = 0; i < same; i++) {
        compare(what + "window " + i, windows.get(i).ids(), c.path("ids").path(i));
      }
      int length = options.path("max_length").asInt();
      windows =
          tokenizer.tokenize(
              pair == null ? upTo(text, length) : text,
              pair == null ? null : upTo(pair, length),
              settings(c, options, true));
    }
    compare(what + "ids", of(windows, all, TokenizedText::ids), c.path("ids"));
    if (windows.size() == 1) { // the template's types are not given to later windows there
      compare(what + "types", of(windows, all, t -> each(t, t::type)), c.path("type_ids"));
    }
    compare(
        what + "special",
        of(windows, all, t -> each(t, i -> t.sequence(i) < 0 ? 1 : 0)),
        c.path("special_tokens_mask"));
    compare(
        what + "offsets",
        of(windows, all, t -> offsets(t, i -> t.sequence(i) < 1 ? text : pair)),
        c.path("offsets"));
  }

  /** Returns a text to the end of the word with which it has {@code length} tokens. */
  private String upTo(String text, int length) {
    for (int at = text.indexOf(' '); at >= 0; at = text.indexOf(' ', at + 1)) {
      if (tokenizer.tokenize(text.substring(0, at), false).size() >= length) {
        return text.substring(0, at);
      }
    }
    return text;
  }

  private static TokenWindows settings(JsonNode c, JsonNode options, boolean all) {
    String kind = options.path("truncation").asText("");
    Truncation truncation =
        switch (kind) {
          case "" -> Truncation.NONE;
          case "only_first" -> Truncation.ONLY_FIRST;
          case "only_second" -> Truncation.ONLY_SECOND;
          default -> Truncation.LONGEST_FIRST;
        };
    return new TokenWindows(
        truncation,
        options.path("max_length").asInt(LONG),
        options.path("stride").asInt(0),
        all,
        c.path("truncation_side").asText().equals("left"));
  }

  private static Object of(
      List<TokenizedText> windows, boolean all, java.util.function.Function<TokenizedText, ?> f) {
    return all ? windows.stream().<Object>map(f).toList() : f.apply(windows.getFirst());
  }

  private void batch(JsonNode c) throws IOException {
    List<String> texts = new ArrayList<>();
    c.path("texts").forEach(t -> texts.add(t.textValue()));
    JsonNode options = c.path("options");
    int length = options.path("max_length").asInt(0);
    boolean left = options.path("padding_side").asText(side(folder)).equals("left");
    boolean cuts = options.path("truncation").asBoolean();
    try (Tokenizer loaded = Tokenizer.load(folder, cuts ? length : LONG)) {
      Tokenizer padding =
          loaded
              .padding(left, options.path("padding").isTextual() ? length : 0)
              .padToMultipleOf(options.path("pad_to_multiple_of").asInt(1));
      List<long[]> ids = new ArrayList<>();
      List<long[]> masks = new ArrayList<>();
      // without a cut to the length a longer text is a longer row
      boolean ragged = options.path("padding").isTextual() && !cuts;
      for (List<String> part : ragged ? texts.stream().map(List::of).toList() : List.of(texts)) {
        TokenBatch rows = padding.encode(part);
        for (int r = 0; r < rows.size(); r++) {
          ids.add(rows.inputIds().slice(0, r, r + 1).toLongs());
          masks.add(rows.attentionMask().slice(0, r, r + 1).toLongs());
        }
      }
      compare("batch " + options + " ids", ids, c.path("ids"));
      compare("batch " + options + " mask", masks, c.path("attention_mask"));
    }
  }

  private static String side(Path folder) throws IOException {
    Path config = folder.resolve("tokenizer_config.json");
    return Files.exists(config)
        ? MAPPER.readTree(config.toFile()).path("padding_side").asText("right")
        : "right";
  }
}
