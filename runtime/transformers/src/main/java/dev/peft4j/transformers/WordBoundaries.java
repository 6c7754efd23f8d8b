package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The positions where a tokenizer is certain to end a token, independent of the text before and
 * after: between two words. A long text of which few tokens are needed is cut there before it is
 * encoded, with the same result. They are collected while a {@code tokenizer.json} is read; if any
 * part is not known to keep words apart, texts are not cut.
 */
final class WordBoundaries {
  private static final Set<String> KEEPING_NORMALIZERS =
      Set.of(
          "NFC",
          "NFD",
          "NFKC",
          "NFKD",
          "Lowercase",
          "Nmt",
          "StripAccents",
          "BertNormalizer",
          "Strip",
          "Prepend",
          "Precompiled");

  /** Parts that end a token at white space. */
  private static final Set<String> SPLITTING =
      Set.of("BertPreTokenizer", "Whitespace", "WhitespaceSplit", "ByteLevel");

  private static final Set<String> NEUTRAL =
      Set.of("Punctuation", "Digits", "UnicodeScripts", "ByteLevel bytes");

  /** Patterns that split a text into words, each with the space before it. */
  private static final Set<String> WORD_PATTERNS =
      Set.of(
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
              + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
              + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
          "[^\\r"
              + "\\n"
              + "\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r"
              + "\\n"
              + "\\p{L}\\p{N}]?"
              + "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}|"
              + " ?[^\\s\\p{L}\\p{N}]+[\\r"
              + "\\n"
              + "/]*|\\s*[\\r"
              + "\\n"
              + "]+|\\s+(?!\\S)|\\s+",
          " ?[^(\\s|[.,!?…。，、।۔،])]+",
          "[!\\\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?"
              + "[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");

  /** Patterns of digits and ideographs, which leave white space and punctuation alone. */
  private static final Set<String> PART_PATTERNS =
      Set.of("\\p{N}{1,3}", "\\p{N}", "\\d", "[0-9]", "[0-9][0-9][0-9]", "[一-龥\\u3040-ゟ゠-ヿ]+");

  /** Normalizers that change a word in the same way wherever it is, and add nothing to a text. */
  private static final Set<String> REPEATING_NORMALIZERS =
      Set.of("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents");

  private boolean kept = true;
  private boolean repeats = true;
  private boolean splits;
  private boolean spacesOnly;
  private boolean punctuation;
  private boolean ideographs;
  private @Nullable String marker;

  void normalized(String type) {
    repeats &= REPEATING_NORMALIZERS.contains(type);
    kept &= KEEPING_NORMALIZERS.contains(type);
  }

  void ideographs(boolean apart) {
    ideographs = apart;
  }

  void replaced(String pattern, boolean regex, String content) {
    repeats = false;
    if (!regex && pattern.equals(" ") && marker == null && isSingleSign(content)) {
      marker = content;
      spacesOnly = true;
      return;
    }
    boolean harmless =
        regex
            ? pattern.equals(" {2,}") && content.isBlank() && !content.isEmpty()
            : !pattern.isEmpty() && pattern.chars().allMatch(WordBoundaries::isPunctuation);
    kept &= harmless;
  }

  private static boolean isPunctuation(int c) {
    return c < 128 && c > ' ' && !Character.isLetterOrDigit(c);
  }

  private static boolean isSingleSign(String s) {
    return s.codePointCount(0, s.length()) == 1
        && !Character.isLetterOrDigit(s.codePointAt(0))
        && !Character.isWhitespace(s.codePointAt(0));
  }

  void split(String type, @Nullable String replacement) {
    switch (type) {
      case "Metaspace", "Metaspace whole" -> {
        String sign = replacement == null ? "" : replacement;
        kept &= isSingleSign(sign) && (marker == null || marker.equals(sign));
        marker = sign;
        spacesOnly = true;
        splits |= type.equals("Metaspace");
      }
      default -> {
        if (SPLITTING.contains(type)) {
          punctuation |= marker == null && !splits && !type.equals("WhitespaceSplit");
          splits |= marker == null;
          kept &= marker == null || splits;
        } else {
          kept &= NEUTRAL.contains(type);
        }
      }
    }
    if (!type.equals("BertPreTokenizer")) {
      ideographs = false;
    }
  }

  void splitBy(String pattern, boolean regex, ObjectNode split) {
    ideographs = false;
    boolean plain =
        split.path("behavior").textValue().equals("Isolated")
            && !split.path("invert").booleanValue();
    if (regex && plain && WORD_PATTERNS.contains(pattern) && marker == null) {
      punctuation |= !splits;
      splits = true;
    } else if (regex && plain && PART_PATTERNS.contains(pattern)) {
      return;
    } else {
      // a space that has been replaced by then is found nowhere
      kept &= !regex && pattern.equals(" ") && marker != null && !splits;
    }
  }

  /** Tells of an added token that takes the white space beside it. */
  void strips() {
    repeats = false;
  }

  /**
   * Returns the first position at or after {@code from} of a space where the text may be cut into
   * parts that are encoded apart, each with the tokens that it has in the text; -1 if there is
   * none. None of the known patterns joins a space to what is before it.
   */
  int nextRepeated(String text, int from) {
    if (!repeats || !kept || !splits || marker != null) {
      return -1;
    }
    for (int i = text.indexOf(' ', Math.max(1, from)); i > 0; i = text.indexOf(' ', i + 1)) {
      if (i + 1 < text.length() && isPlain(text.charAt(i - 1)) && isPlain(text.charAt(i + 1))) {
        return i;
      }
    }
    return -1;
  }

  /** Returns whether a character is visible, and nothing is composed with it across a space. */
  private static boolean isPlain(char c) {
    return c > ' ' && c < 127 || isWord(c);
  }

  /** Turns cutting off. */
  void none() {
    kept = false;
  }

  /**
   * Returns the character that must not follow a letter in the vocabulary, as a token would span
   * two words; null if words are separated before.
   */
  @Nullable String joint() {
    return splits ? null : marker == null ? "" : marker;
  }

  /**
   * Returns the first position at or after {@code from} where the text may be cut; -1 if there is
   * none within {@code reach} characters.
   */
  int next(String text, int from, int reach) {
    int end = kept ? (int) Math.min(text.length() - 1L, (long) from + reach) : 0;
    for (int i = Math.max(1, from); i < end; i++) {
      char c = text.charAt(i);
      boolean white = c == ' ' || c == '\n' && !spacesOnly;
      if (white && isWord(text.charAt(i - 1)) && isWord(text.charAt(i + 1))) {
        return i;
      }
      if (punctuation && isStop(c) && isWord(text.charAt(i - 1))) {
        return i;
      }
      if (ideographs && isIdeograph(c) && isIdeograph(text.charAt(i - 1))) {
        return i;
      }
    }
    return -1;
  }

  /**
   * Returns whether a character is a letter of a script in which nothing is composed across a
   * space.
   */
  private static boolean isWord(char c) {
    return c < 128
        ? Character.isLetter(c)
        : (c >= 0xc0 && c < 0x250
                || c >= 0x391 && c < 0x530
                || c >= 0xac00 && c <= 0xd7a3
                || isIdeograph(c))
            && Character.isLetter(c);
  }

  /**
   * Returns whether a character is punctuation of Chinese or Japanese, where words are not
   * separated by spaces.
   */
  private static boolean isStop(char c) {
    return c == '，' || c == '。' || c == '、';
  }

  private static boolean isIdeograph(char c) {
    return c >= 0x4e00 && c <= 0x9fa5;
  }
}
