package dev.peft4j.sft;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.dataset.DataFile;
import dev.peft4j.sft.SftWarning.Kind;
import dev.peft4j.transformers.TokenRow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Examples made of a file or of rows, and what became of the others.
 *
 * <p>Rows are objects of JSON:
 *
 * <ul>
 *   <li>{@code {"text": ...}}
 *   <li>{@code {"prompt": ..., "completion": ...}}, both texts or both lists of messages
 *   <li>{@code {"messages": [{"role": ..., "content": ...}, ...]}}, perhaps with {@code tools} (a
 *       list, or its JSON as a text) and {@code chat_template_kwargs}
 *   <li>ShareGPT's {@code {"conversations": [{"from": "human", "value": ...}, ...]}} with {@code
 *       system} and {@code tools}
 *   <li>Alpaca's {@code {"instruction": ..., "input": ..., "output": ...}} with {@code system} and
 *       {@code history}
 *   <li>{@code {"input_ids": [...], "labels": [...]}}: tokens already
 * </ul>
 *
 * <p>Rows of which the loss counts no token are dropped, and counted; it is an error if they are as
 * many as {@link SftOptions#mostDropped} says, a tenth unless it is set.
 *
 * @param rows the examples
 * @param kept for each example the index of its row, from 0; more than once if a text was split
 * @param dropped the number of rows of which no token counts
 * @param skipped the number of rows that cannot become examples, with {@link
 *     SftOptions#skipBadRows}
 * @param lostEnd the number of examples of which truncation removed counted tokens
 * @param warnings what was warned of
 */
public record SftData(
    List<TokenRow> rows,
    List<Integer> kept,
    int dropped,
    int skipped,
    int lostEnd,
    List<SftWarning> warnings) {
  /** Copies the lists. */
  public SftData {
    rows = List.copyOf(rows);
    kept = List.copyOf(kept);
    warnings = List.copyOf(warnings);
  }

  /**
   * Reads a file: JSONL or a list of JSON, plain or compressed.
   *
   * @throws dev.peft4j.io.FileFormatException if it is not such a file
   * @throws SftException if a row cannot become an example, or none is left; it names file and line
   */
  public static SftData read(Path file, SftEncoder encoder) throws IOException {
    record Line(ObjectNode json, String where) {}
    Builder builder = new Builder(encoder);
    List<Line> lines = DataFile.of(file).read(r -> new Line(r.json(), file + ": " + r.place()));
    for (Line line : lines) {
      builder.add(line.json, line.where);
    }
    return builder.build(file.toString());
  }

  /**
   * Returns the examples of rows.
   *
   * @throws SftException if a row cannot become an example, or none is left; it names the row, from
   *     1
   */
  public static SftData of(List<ObjectNode> rows, SftEncoder encoder) {
    Builder builder = new Builder(encoder);
    for (int i = 0; i < rows.size(); i++) {
      builder.add(rows.get(i), "row " + (i + 1));
    }
    return builder.build("the data");
  }

  /** Returns the largest token id, to be compared with the rows of an embedding; -1 for no rows. */
  public int largestId() {
    int largest = -1;
    for (TokenRow row : rows) {
      for (int id : row.ids()) {
        largest = Math.max(largest, id);
      }
    }
    return largest;
  }

  /** Returns the number of tokens. */
  public long tokens() {
    return rows.stream().mapToLong(TokenRow::length).sum();
  }

  /** Returns the number of tokens that the loss counts. */
  public long counted() {
    return rows.stream().mapToLong(TokenRow::counted).sum();
  }

  private static final class Builder {
    private final SftEncoder encoder;
    private final List<TokenRow> rows = new ArrayList<>();
    private final List<Integer> kept = new ArrayList<>();
    private int seen;
    private int dropped;
    private int skipped;
    private int lostEnd;
    private String firstDropped = "";
    private String firstLost = "";
    private String firstSkipped = "";

    Builder(SftEncoder encoder) {
      this.encoder = encoder;
    }

    void add(ObjectNode json, String where) {
      int index = seen++;
      List<SftExample> examples;
      try {
        examples = encoder.examples(json, where);
      } catch (SftException e) {
        if (!encoder.options().skipBadRows()) {
          throw e;
        }
        firstSkipped = skipped++ == 0 ? String.valueOf(e.getMessage()) : firstSkipped;
        return;
      }
      for (SftExample example : examples) {
        // a text of one token counts nothing either, but was not masked: it says nothing wrong
        TokenRow row = example.tokens();
        if (row.counted() == 0 && (example.isMasked() || row.length() == 0)) {
          firstDropped = dropped++ == 0 ? where : firstDropped;
          return;
        }
        if (example.lostEnd()) {
          firstLost = lostEnd++ == 0 ? where : firstLost;
        }
        rows.add(row);
        kept.add(index);
      }
    }

    SftData build(String what) {
      if (skipped > 0) {
        encoder.warn(
            Kind.SKIPPED, skipped + " of " + seen + " rows were skipped, first " + firstSkipped);
      }
      if (dropped > 0) {
        encoder.warn(
            Kind.DROPPED,
            dropped
                + " of "
                + seen
                + " rows were dropped because the loss counts none of their tokens, first "
                + firstDropped);
      }
      if (lostEnd > 0) {
        encoder.warn(
            Kind.LOST_END,
            lostEnd
                + " of "
                + seen
                + " rows are longer than "
                + encoder.options().maxLength()
                + " tokens and lost their end, first "
                + firstLost);
      }
      if (rows.isEmpty()) {
        throw new SftException(
            what
                + ": no row is left"
                + (seen == 0
                    ? "; it has none"
                    : " of " + seen + ": the loss counts no token of " + dropped)
                + (skipped > 0 ? ", " + skipped + " were skipped, first " + firstSkipped : "")
                + (dropped > 0 ? "; first " + firstDropped : ""));
      }
      double most = encoder.options().mostDropped();
      if (dropped > 0 && most < 1 && dropped >= most * seen) {
        throw new SftException(
            String.format(
                Locale.ROOT,
                "%s: the loss counts no token of %d of %d rows, first %s; at %.3g %% or more that"
                    + " is an error unless it is allowed (on the command line with"
                    + " --allow-dropped). Rows of more tokens (--max-length) may keep their"
                    + " answers",
                what,
                dropped,
                seen,
                firstDropped,
                100 * most));
      }
      return new SftData(rows, kept, dropped, skipped, lostEnd, encoder.warnings());
    }
  }
}
