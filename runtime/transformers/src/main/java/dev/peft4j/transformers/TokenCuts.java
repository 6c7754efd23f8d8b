package dev.peft4j.transformers;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** The cutting of texts and pairs to a length, in one window or several. */
final class TokenCuts {
  private final SpecialTokens around;
  private final LongFunction<String> names;

  /**
   * @param names the texts of added tokens by their ids
   */
  TokenCuts(SpecialTokens around, LongFunction<String> names) {
    this.around = around;
    this.names = names;
  }

  List<TokenizedText> cut(
      NativeTokenizer.Pieces first,
      String text,
      NativeTokenizer.@Nullable Pieces second,
      @Nullable String other,
      TokenWindows windows) {
    TextTokens a = TextTokens.of(text, first, -1);
    TextTokens b = second == null || other == null ? null : TextTokens.of(other, second, -1);
    int added = around.added(b != null);
    int all = added + a.size() + (b == null ? 0 : b.size());
    if (windows.truncation() == Truncation.NONE || all <= windows.maxLength()) {
      return List.of(TextTokens.around(around, a, b, names));
    }
    int room = windows.maxLength() - added;
    if (room < 0) {
      throw new MaxLengthException(
          " is "
              + windows.maxLength()
              + ", must be at least "
              + added
              + " for the tokenizer adds as many tokens");
    }
    if (second == null || b == null) {
      if (windows.truncation() == Truncation.ONLY_SECOND) {
        throw new IllegalArgumentException(
            "Tokenizer: there is no second text to be cut (ONLY_SECOND)");
      }
      return windows.cut(a, room).stream()
          .map(w -> TextTokens.around(around, w, null, names))
          .toList();
    }
    if (windows.truncation() == Truncation.LONGEST_FIRST) {
      if (windows.all()) {
        throw new IllegalArgumentException(
            "Tokenizer: all windows of a pair are those of one text (ONLY_FIRST, ONLY_SECOND)");
      }
      int most = windows.maxLength();
      int[] kept =
          TokenWindows.longestFirst(
              TokenWindows.counted(first.words(), most, windows.fromLeft()),
              TokenWindows.counted(second.words(), most, windows.fromLeft()),
              room);
      TextTokens cutA = windows.cut(a, kept[0]).getFirst();
      TextTokens cutB = windows.cut(b, kept[1]).getFirst();
      return List.of(TextTokens.around(around, cutA, cutB, names));
    }
    boolean ofFirst = windows.truncation() == Truncation.ONLY_FIRST;
    int left = room - (ofFirst ? b.size() : a.size());
    if (left < 1) {
      throw new IllegalArgumentException(
          "Tokenizer: nothing would be left of the "
              + (ofFirst ? "first" : "second")
              + " text: the other one has "
              + (ofFirst ? b.size() : a.size())
              + " tokens, "
              + added
              + " are added, and the length is "
              + windows.maxLength());
    }
    List<TokenizedText> out = new ArrayList<>();
    for (TextTokens w : windows.cut(ofFirst ? a : b, left)) {
      out.add(TextTokens.around(around, ofFirst ? w : a, ofFirst ? b : w, names));
    }
    return out;
  }
}
