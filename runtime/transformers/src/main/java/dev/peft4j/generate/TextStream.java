package dev.peft4j.generate;

import dev.peft4j.transformers.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The text of tokens that come one by one. A part is given out when later tokens cannot change it:
 * never a part of a character, of a word that a decoder may join to the next one, or of a text at
 * which rows end. Only the latest tokens are decoded again.
 */
final class TextStream {
  /** Tokens that are decoded again for the sake of what follows. */
  private static final int OVERLAP = 8;

  private static final int WINDOW = 24;

  /** The most marks of undecodable bytes that one character may still replace. */
  private static final int MARKS = 3;

  private final Tokenizer tokenizer;
  private final List<String> stops;
  private final Set<Integer> skipped;
  private final List<Integer> ids = new ArrayList<>();

  /** Text that is not given out because it may be the beginning of a stop. */
  private final StringBuilder held = new StringBuilder();

  private int from;
  private int done;
  private boolean stopped;

  TextStream(Tokenizer tokenizer, List<String> stops) {
    this.tokenizer = tokenizer;
    this.stops = stops;
    this.skipped = Set.copyOf(tokenizer.addedTokens().values());
  }

  /** Returns whether a stop has occurred. */
  boolean stopped() {
    return stopped;
  }

  /** Takes a token and returns the text that is certain now. */
  String add(int id) {
    ids.add(id);
    String text = decode(from);
    int certain = certain(text);
    String part = certain > done ? text.substring(done, certain) : "";
    String uncertain = text.substring(Math.max(certain, Math.min(done, text.length())));
    done = Math.max(done, certain);
    if (certain == text.length() && ids.size() - from >= WINDOW) {
      from = runStart(ids.size() - OVERLAP);
      done = decode(from).length();
    }
    return release(part, uncertain);
  }

  /** Returns the rest of the text. */
  String finish() {
    if (stopped) {
      return "";
    }
    String text = decode(from);
    held.append(text, Math.min(done, text.length()), text.length());
    done = text.length();
    int at = firstStop(held);
    stopped = at >= 0;
    String rest = at >= 0 ? held.substring(0, at) : held.toString();
    held.setLength(0);
    return rest;
  }

  private String decode(int first) {
    return decode(first, ids.size());
  }

  private String decode(int first, int end) {
    return tokenizer.decode(ids.subList(first, end).stream().mapToLong(i -> i).toArray());
  }

  /** The first of the bytes that are together at the end of the first {@code size} tokens. */
  private int runStart(int size) {
    int first = size;
    for (int i = size - 1; i >= from; i--) {
      int id = ids.get(i);
      if (tokenizer.isByte(id)) {
        first = i;
      } else if (!skipped.contains(id)) { // what is not written does not end a character
        break;
      }
    }
    return first;
  }

  /** How much of a text cannot change any more. */
  private int certain(String text) {
    int run = runStart(ids.size());
    if (run < ids.size()) { // whether bytes are characters is known behind the last of them
      return run == from ? 0 : decode(from, run).length();
    }
    int end = text.length();
    for (int i = 0; i < MARKS && end > 0 && text.charAt(end - 1) == '\uFFFD'; i++) {
      end--;
    }
    if (tokenizer.cleansUp()) { // spaces may go when it is known what follows
      for (int i = 0; i < 2; i++) {
        end = Math.max(0, text.lastIndexOf(' ', end - 1));
      }
    }
    return end;
  }

  /**
   * Adds to what is held and returns what may be given out.
   *
   * @param uncertain what follows for now; a stop in it counts as well
   */
  private String release(String part, String uncertain) {
    held.append(part);
    if (stops.isEmpty()) {
      String all = held.toString();
      held.setLength(0);
      return all;
    }
    int at = firstStop(new StringBuilder(held).append(uncertain));
    if (at >= 0) {
      stopped = true;
      String rest = (held.toString() + uncertain).substring(0, at);
      held.setLength(0);
      return rest;
    }
    int free = held.length();
    for (String stop : stops) {
      for (int n = Math.min(stop.length() - 1, held.length()); n > 0; n--) {
        if (stop.startsWith(held.substring(held.length() - n))) {
          free = Math.min(free, held.length() - n);
          break;
        }
      }
    }
    String released = held.substring(0, free);
    held.delete(0, free);
    return released;
  }

  private int firstStop(CharSequence text) {
    String s = text.toString();
    int first = -1;
    for (String stop : stops) {
      int at = s.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) {
        first = at;
      }
    }
    return first;
  }
}
