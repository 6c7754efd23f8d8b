package dev.peft4j.chat.jinja;

import java.util.function.IntPredicate;

/** What Python calls a text: {@code isupper} and the like. */
final class TextKinds {
  private TextKinds() {}

  static boolean all(String s, IntPredicate kind) {
    return !s.isEmpty() && s.codePoints().allMatch(kind);
  }

  static boolean isLower(String s) {
    return s.codePoints().anyMatch(Character::isLowerCase)
        && s.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
  }

  static boolean isUpper(String s) {
    return s.codePoints().anyMatch(Character::isUpperCase)
        && s.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
  }

  static boolean isTitle(String s) {
    boolean any = false;
    boolean inWord = false;
    for (int c : s.codePoints().toArray()) {
      if (Character.isUpperCase(c) || Character.isTitleCase(c)) {
        if (inWord) {
          return false;
        }
        any = true;
        inWord = true;
      } else if (Character.isLowerCase(c)) {
        if (!inWord) {
          return false;
        }
      } else {
        inWord = false;
      }
    }
    return any;
  }

  static boolean isIdentifier(String s) {
    if (s.isEmpty()
        || (s.codePointAt(0) != '_' && !Character.isUnicodeIdentifierStart(s.codePointAt(0)))) {
      return false;
    }
    return s.codePoints()
        .allMatch(c -> Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
  }
}
