package dev.peft4j.constraint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.transformers.TokenBytes;
import dev.peft4j.transformers.Tokenizer;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Texts under a regular expression match it, as Java sees it, whatever the tokenizer. */
class RegexConstraintTest {
  private static final List<String> EXPRESSIONS =
      List.of(
          "yes|no|maybe",
          "[a-z]{3,8}",
          "(?:ab|a)*c",
          "\\d{3}-\\d{4}",
          "[^a-z\\s]+",
          "\\p{Lu}\\p{L}*",
          ".{2,5}",
          "(?i)hello( world)?!*",
          "^a(b|c)+$",
          "[\\w.]+@[\\w]+\\.(com|org)",
          "(a{2}){3,}b?",
          "[a-z&&[^aeiou]]+",
          "\\Q[x]\\E\\x41\\u00e9?",
          "(?s).\\n.",
          "[\\]\\-a]+",
          "",
          "(|a|bb)",
          "日本?(語)*",
          "(?<year>[12]\\d{3})/(0[1-9]|1[0-2])");

  @Test
  void textsMatch() {
    Random random = new Random(7);
    for (Tokenizer t : SmallTokenizers.all()) {
      for (String e : EXPRESSIONS) {
        if (e.contains("語") && t.tokenBytes().beginsDifferently() && !t.isByte(5)) {
          continue; // it cannot write that character, see below
        }
        RandomTexts texts = new RandomTexts(Constraint.regex(e), t, random);
        for (int i = 0; i < 20; i++) {
          String text = texts.next(40);
          assertThat(Pattern.matches(e, text)).as("%s: '%s'", e, text).isTrue();
        }
      }
    }
  }

  @Test
  void automataAcceptWhatJavaMatches() {
    Random random = new Random(3);
    for (int round = 0; round < 500; round++) {
      String e = expression(random, 3);
      Pattern p = Pattern.compile(e);
      Dfa whole = Nfa.whole(RegexReader.read(e, "e", true), "e");
      Dfa found = Nfa.anywhere(RegexReader.read(e, "e", true), "e");
      for (int i = 0; i < 40; i++) {
        StringBuilder s = new StringBuilder();
        for (int n = random.nextInt(6); n > 0; n--) {
          s.append(
              "abc1é😀"
                  .codePoints()
                  .skip(random.nextInt(6))
                  .limit(1)
                  .collect(
                      StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append));
        }
        String text = s.toString();
        assertThat(whole.matches(text))
            .as("%s of '%s'", e, text)
            .isEqualTo(p.matcher(text).matches());
        assertThat(found.matches(text)).as("%s in '%s'", e, text).isEqualTo(p.matcher(text).find());
        assertThat(whole.not().matches(text)).isNotEqualTo(whole.matches(text));
        assertThat(whole.or(found.not()).matches(text))
            .isEqualTo(whole.matches(text) || !found.matches(text));
      }
    }
  }

  private static String expression(Random r, int depth) {
    if (depth == 0) {
      return List.of("a", "b", ".", "[a-c]", "[^b]", "\\d", "\\w", "é", "^", "$")
          .get(r.nextInt(10));
    }
    String a = expression(r, depth - 1);
    return switch (r.nextInt(6)) {
      case 0 -> a + "|" + expression(r, depth - 1);
      case 1 -> "(?:" + a + ")*";
      case 2 -> "(" + a + "){1," + (1 + r.nextInt(3)) + "}";
      case 3 -> "(?:" + a + ")?" + expression(r, depth - 1);
      default -> a + expression(r, depth - 1);
    };
  }

  @Test
  void whatNoAutomatonCanDoIsRefusedWithItsPlace() {
    for (String e :
        List.of(
            "(a)\\1",
            "a(?=b)",
            "(?<!a)b",
            "\\bword",
            "a*+",
            "a{",
            "[a",
            "(a",
            "a)",
            "*a",
            "\\p{Nope}",
            "a{3,1}",
            "[z-a]",
            "a\\",
            "(?m)a",
            "a{20000}")) {
      assertThatThrownBy(() -> Constraint.regex(e))
          .as(e)
          .isInstanceOf(ConstraintException.class)
          .hasMessageContaining("the expression, character");
    }
    assertThatThrownBy(() -> Constraint.regex("(a|b)*a(a|b){20}"))
        .isInstanceOf(ConstraintException.class)
        .hasMessageContaining("states");
    assertThatThrownBy(() -> Constraint.regex("a[^\\s\\S]"))
        .isInstanceOf(ConstraintException.class)
        .hasMessageContaining("allows no text");
  }

  @Test
  void aVocabularyThatLacksCharactersIsTold() {
    Tokenizer t = SmallTokenizers.characters();
    assertThatThrownBy(() -> Constraint.regex("語").over(t.tokenBytes()))
        .isInstanceOf(ConstraintException.class)
        .hasMessageContaining("vocabulary can write");
    RandomTexts texts = new RandomTexts(Constraint.regex("語|é+"), t, new Random(1));
    assertThat(texts.next(20)).matches("é+"); // no way leads into what it cannot write
  }

  @Test
  void tokensAreTheBytesOfTheirText() {
    Random random = new Random(5);
    for (Tokenizer t : SmallTokenizers.all()) {
      TokenBytes bytes = t.tokenBytes();
      for (int round = 0; round < 300; round++) {
        var out = new java.io.ByteArrayOutputStream();
        long[] ids = new long[1 + random.nextInt(6)];
        for (int i = 0; i < ids.length; i++) {
          ids[i] = random.nextInt(bytes.size());
          boolean first = i == 0;
          out.writeBytes(first ? bytes.ofFirst((int) ids[i]) : bytes.of((int) ids[i]));
        }
        boolean blankFirst =
            bytes.ofFirst((int) ids[0]).length == 0; // as a constraint never begins
        String text = out.toString(java.nio.charset.StandardCharsets.UTF_8);
        if (!blankFirst && !text.contains("\uFFFD")) {
          assertThat(t.decode(ids)).isEqualTo(text);
        }
      }
    }
  }
}
