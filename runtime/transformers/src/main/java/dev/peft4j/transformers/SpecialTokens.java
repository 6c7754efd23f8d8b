package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.io.FileFormatException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tokens that a tokenizer adds around one text or two: the {@code post_processor} of its file.
 * It is not left to the native library, which copies the whole rest of a text that it cuts, and
 * ends the process on invalid templates.
 *
 * @param single pieces around one text
 * @param pair pieces around two
 * @param trimming how the places of tokens leave out the spaces in them
 */
record SpecialTokens(List<Piece> single, List<Piece> pair, Trimming trimming) {
  private static final int MAX_PIECES = 1000;

  /**
   * A text, or tokens of the template.
   *
   * @param text 0 or 1 for a text, -1 for tokens
   * @param ids the tokens
   * @param type the type of all of them
   */
  record Piece(int text, long[] ids, int type) {}

  /** Tokens and their types. */
  record Encoded(long[] ids, long[] types) {}

  /** Whether the places of tokens leave out spaces, as byte-level processors have it. */
  enum Trimming {
    NONE,
    SPACES,
    /** A first token keeps one: the one put in front of the text. */
    BUT_THE_PREFIX;

    private static Trimming read(JsonPart part) throws FileFormatException {
      switch (part.text("type")) {
        case "ByteLevel", "RobertaProcessing" -> {
          boolean trims = part.flag("trim_offsets", true);
          boolean prefix = part.flag("add_prefix_space", true);
          return !trims ? NONE : prefix ? BUT_THE_PREFIX : SPACES;
        }
        case "Sequence" -> {
          Trimming found = NONE;
          for (JsonPart p : part.objects("processors")) {
            Trimming next = read(p);
            found = next == NONE ? found : next;
          }
          return found;
        }
        default -> {
          return NONE;
        }
      }
    }
  }

  /** No tokens are added around texts; the second one is of type 1. */
  static final SpecialTokens NONE =
      new SpecialTokens(List.of(text(0, 0)), List.of(text(0, 0), text(1, 1)), Trimming.NONE);

  private static Piece text(int text, int type) {
    return new Piece(text, new long[0], type);
  }

  private static Piece token(long id, int type) {
    return new Piece(-1, new long[] {id}, type);
  }

  static SpecialTokens read(@Nullable JsonPart part) throws FileFormatException {
    SpecialTokens found = part == null ? null : find(part);
    SpecialTokens all = found == null ? NONE : found;
    return new SpecialTokens(
        all.single, all.pair, part == null ? Trimming.NONE : Trimming.read(part));
  }

  /** Returns the one part that adds tokens; null if none does. */
  private static @Nullable SpecialTokens find(JsonPart part) throws FileFormatException {
    String type = part.text("type");
    switch (type) {
      case "ByteLevel" -> {
        return null;
      }
      case "TemplateProcessing" -> {
        return template(part);
      }
      case "BertProcessing", "RobertaProcessing" -> {
        long cls = token(part, "cls");
        long sep = token(part, "sep");
        List<Piece> single = List.of(token(cls, 0), text(0, 0), token(sep, 0));
        List<Piece> pair = new ArrayList<>(single);
        boolean bert = type.equals("BertProcessing");
        if (!bert) {
          pair.add(token(sep, 0));
        }
        pair.add(text(1, bert ? 1 : 0));
        pair.add(token(sep, bert ? 1 : 0));
        return new SpecialTokens(single, pair, Trimming.NONE);
      }
      case "Sequence" -> {
        SpecialTokens out = null;
        for (JsonPart p : part.objects("processors")) {
          SpecialTokens next = find(p);
          if (next != null && out != null) {
            throw part.error("processors", "has two that add tokens, only one is supported");
          }
          out = out == null ? next : out;
        }
        return out;
      }
      default ->
          throw part.wrong(
              "type",
              "TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel or Sequence");
    }
  }

  private static long token(JsonPart part, String key) throws FileFormatException {
    JsonNode pair = part.get(key);
    JsonNode id = pair.path(1);
    boolean fits =
        pair.isArray()
            && pair.size() == 2
            && pair.path(0).isTextual()
            && id.isIntegralNumber()
            && id.canConvertToInt()
            && id.intValue() >= 0;
    if (!fits) {
      throw part.wrong(key, "a token and its id");
    }
    return id.longValue();
  }

  private static SpecialTokens template(JsonPart part) throws FileFormatException {
    Map<String, long[]> known = new HashMap<>();
    JsonPart tokens = part.object("special_tokens");
    if (tokens != null) {
      for (Map.Entry<String, JsonNode> e : tokens.tree().properties()) {
        known.put(e.getKey(), ids(tokens.required(e.getKey())));
      }
    }
    return new SpecialTokens(
        pieces(part, "single", 1, known), pieces(part, "pair", 2, known), Trimming.NONE);
  }

  private static long[] ids(JsonPart token) throws FileFormatException {
    JsonNode ids = token.get("ids");
    long[] out = new long[ids.isArray() && ids.size() <= MAX_PIECES ? ids.size() : 0];
    boolean fits = ids.isArray() && ids.size() == out.length;
    for (int i = 0; i < out.length && fits; i++) {
      fits = ids.get(i).isIntegralNumber() && ids.get(i).canConvertToInt();
      out[i] = ids.get(i).longValue();
      fits &= out[i] >= 0;
    }
    if (!fits) {
      throw token.wrong("ids", "a list of ids of tokens");
    }
    return out;
  }

  private static List<Piece> pieces(JsonPart part, String key, int texts, Map<String, long[]> known)
      throws FileFormatException {
    List<Piece> out = new ArrayList<>();
    List<JsonPart> all = part.objects(key);
    if (all.size() > MAX_PIECES) {
      throw part.error(key, "has more than " + MAX_PIECES + " pieces");
    }
    for (JsonPart piece : all) {
      JsonPart text = piece.object("Sequence");
      JsonPart token = piece.object("SpecialToken");
      if (text != null && token == null) {
        int which = text.oneOf("id", null, "A", "B").equals("A") ? 0 : 1;
        if (which >= texts) {
          throw text.error("id", "is B, but post_processor.single is for one text, A");
        }
        out.add(text(which, text.whole("type_id", 0, Integer.MAX_VALUE, 0)));
      } else if (token != null && text == null) {
        String id = token.text("id");
        long[] ids = known.get(id);
        if (ids == null) {
          throw new FileFormatException(
              part.file(),
              "has the token '"
                  + JsonPart.shortened(id)
                  + "' in "
                  + part.name(key)
                  + ", which is not in "
                  + part.name("special_tokens"));
        }
        out.add(new Piece(-1, ids, token.whole("type_id", 0, Integer.MAX_VALUE, 0)));
      } else {
        throw piece.error("", "needs one of Sequence and SpecialToken");
      }
    }
    return List.copyOf(out);
  }

  /** Returns the number of tokens that are added. */
  int added(boolean two) {
    int sum = 0;
    for (Piece p : two ? pair : single) {
      sum += p.ids.length;
    }
    return sum;
  }

  /** Returns the same without tokens: the places of a text's own. */
  SpecialTokens places() {
    return new SpecialTokens(NONE.single, NONE.pair, trimming);
  }

  /** Returns the number of tokens that are added before a single text. */
  int before() {
    int sum = 0;
    for (Piece p : single) {
      if (p.text >= 0) {
        break;
      }
      sum += p.ids.length;
    }
    return sum;
  }

  /** Returns the tokens with those around them; {@code second} is null for a single text. */
  Encoded around(long[] first, long @Nullable [] second) {
    List<Piece> pieces = second == null ? single : pair;
    long[][] parts = new long[pieces.size()][];
    int length = 0;
    for (int i = 0; i < parts.length; i++) {
      Piece p = pieces.get(i);
      parts[i] = p.text == 0 ? first : p.text == 1 && second != null ? second : p.ids;
      length += parts[i].length;
    }
    long[] ids = new long[length];
    long[] types = new long[length];
    int at = 0;
    for (int i = 0; i < parts.length; i++) {
      System.arraycopy(parts[i], 0, ids, at, parts[i].length);
      Arrays.fill(types, at, at + parts[i].length, pieces.get(i).type);
      at += parts[i].length;
    }
    return new Encoded(ids, types);
  }
}
