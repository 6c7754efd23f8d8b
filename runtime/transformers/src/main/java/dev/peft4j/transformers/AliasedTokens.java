package dev.peft4j.transformers;

import dev.peft4j.transformers.NativeTokenizer.Pieces;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Texts in which some of the special tokens that are written there are text. The native library
 * knows only all or none, so this has a second tokenizer, whose special tokens have other names:
 * those that count are renamed in the text. A name has as many characters as the token, so places
 * stay what they are, and consists of noncharacters, which no text has.
 */
final class AliasedTokens implements AutoCloseable {
  private static final char FIRST = '\uFDD0';
  private static final int LETTERS = 31;

  /** The definition of the tokenizer, read again when it is needed. */
  @FunctionalInterface
  interface Source {
    TokenizerFile read() throws IOException;
  }

  private final Source source;
  private final Path path;
  private @Nullable State state;

  /**
   * What is made when the first such text comes.
   *
   * @param byStart the special tokens by their first character, longer ones first
   */
  private record State(
      NativeTokenizer tokenizer,
      Map<String, String> aliases,
      Map<String, String> tokens,
      Map<String, Integer> ids,
      Map<Character, List<String>> byStart) {
    static State of(TokenizerFile file, Path path) throws IOException {
      Map<String, String> aliases = new HashMap<>();
      Map<String, String> tokens = new HashMap<>();
      Map<Integer, Integer> used = new HashMap<>();
      Map<Character, List<String>> byStart = new HashMap<>();
      Set<Integer> special = file.special();
      for (Map.Entry<String, Integer> e : file.added().entrySet()) {
        String token = e.getKey();
        if (token.length() > 1 && special.contains(e.getValue())) {
          // of the same length in code points, as the library counts places
          int length = token.codePointCount(0, token.length());
          String name = alias(used.merge(length, 1, Integer::sum), length);
          aliases.put(token, name);
          tokens.put(name, token);
          byStart.computeIfAbsent(token.charAt(0), c -> new ArrayList<>()).add(token);
        }
      }
      byStart.values().forEach(l -> l.sort(Comparator.comparingInt(String::length).reversed()));
      NativeTokenizer tokenizer = NativeTokenizer.open(file, file.renamed(aliases), path);
      return new State(tokenizer, aliases, tokens, file.added(), byStart);
    }

    /** Returns the special token that begins at a char, the longest one; null if there is none. */
    @Nullable String at(String text, int index) {
      for (String token : byStart.getOrDefault(text.charAt(index), List.of())) {
        if (text.startsWith(token, index)) {
          return token;
        }
      }
      return null;
    }
  }

  AliasedTokens(Source source, Path path) {
    this.source = source;
    this.path = path;
  }

  /** Returns whether a text has characters that stand for something else here. */
  static boolean isReserved(String text) {
    return text.chars().anyMatch(c -> c >= FIRST && c <= FIRST + LETTERS);
  }

  /**
   * Returns the tokens of a text.
   *
   * @param plain the chars at which no special token begins
   * @throws IllegalArgumentException if the text has noncharacters
   */
  Pieces pieces(String text, BitSet plain) {
    if (isReserved(text)) {
      throw new IllegalArgumentException(
          "Tokenizer: the text has a noncharacter (U+FDD0 to U+FDEF), which is no text");
    }
    State s = state();
    StringBuilder renamed = new StringBuilder(text.length());
    for (int at = 0; at < text.length(); ) {
      String token = plain.get(at) ? null : s.at(text, at);
      renamed.append(token == null ? text.charAt(at) : s.aliases.get(token));
      at += token == null ? 1 : token.length();
    }
    Pieces found = s.tokenizer.pieces(renamed.toString());
    for (int t = 0; t < found.ids().length; t++) {
      String token = s.tokens.get(found.texts()[t]);
      if (token != null) {
        found.texts()[t] = token;
        found.ids()[t] = s.ids.getOrDefault(token, 0);
      }
    }
    return found;
  }

  private synchronized State state() {
    State known = state;
    if (known == null) {
      try {
        known = State.of(source.read(), path);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      state = known;
    }
    return known;
  }

  @Override
  public synchronized void close() {
    if (state != null) {
      state.tokenizer.close();
    }
  }

  /** Returns a name of {@code length} characters; each number has another one. */
  private static String alias(int number, int length) {
    StringBuilder name = new StringBuilder();
    for (int i = 0, rest = number; i < length; i++, rest /= LETTERS) {
      name.append((char) (FIRST + rest % LETTERS));
    }
    return name.toString();
  }
}
