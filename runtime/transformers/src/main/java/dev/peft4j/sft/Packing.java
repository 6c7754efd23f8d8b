package dev.peft4j.sft;

import dev.peft4j.transformers.TokenRow;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;

/**
 * The way in which several examples are put into one row, to save padding. Attention and positions
 * of the documents in a row are kept apart, but for {@link #WRAPPED}. Rows are packed in groups of
 * 1,000 (TRL's), so that packing a large file takes little time and memory.
 */
public enum Packing {
  /**
   * Best fit, decreasing: examples, cut to the length, go by descending length each into the row
   * with the least room that still fits (TRL's {@code bfd}).
   */
  BEST_FIT,
  /**
   * The same after longer examples are split into pieces (TRL's {@code bfd_split}). The pieces are
   * documents of their own, so this is for plain text, not for conversations.
   */
  BEST_FIT_SPLIT,
  /**
   * All tokens one after the other, cut at each length (TRL's {@code wrapped}). Documents see each
   * other across the borders, which nobody should want: it is there for comparisons.
   */
  WRAPPED;

  private static final int GROUP = 1000;

  /**
   * A part of an example in a row.
   *
   * @param row the index of the example
   * @param start its first token
   * @param length the number of tokens
   */
  public record Piece(int row, int start, int length) {}

  /**
   * Returns which parts of the examples go into which row, in order.
   *
   * @param lengths the examples' numbers of tokens; empty ones vanish
   * @param maxLength the tokens of a row
   * @throws IllegalArgumentException if {@code maxLength} is below 1
   */
  public List<List<Piece>> bins(int[] lengths, int maxLength) {
    if (maxLength < 1) {
      throw new IllegalArgumentException(
          "Packing: a row of " + maxLength + " tokens, must be at least 1");
    }
    List<List<Piece>> bins = new ArrayList<>();
    for (int from = 0; from < lengths.length; from += GROUP) {
      int to = Math.min(lengths.length, from + GROUP);
      if (this == WRAPPED) {
        wrap(lengths, from, to, maxLength, bins);
      } else {
        fit(pieces(lengths, from, to, maxLength), maxLength, bins);
      }
    }
    return bins;
  }

  private static void wrap(int[] lengths, int from, int to, int max, List<List<Piece>> bins) {
    List<Piece> bin = new ArrayList<>();
    int room = max;
    for (int i = from; i < to; i++) {
      for (int at = 0; at < lengths[i]; ) {
        int n = Math.min(room, lengths[i] - at);
        bin.add(new Piece(i, at, n));
        at += n;
        room -= n;
        if (room == 0) {
          bins.add(bin);
          bin = new ArrayList<>();
          room = max;
        }
      }
    }
    if (!bin.isEmpty()) {
      bins.add(bin);
    }
  }

  private List<Piece> pieces(int[] lengths, int from, int to, int max) {
    List<Piece> out = new ArrayList<>();
    for (int i = from; i < to; i++) {
      int end = this == BEST_FIT_SPLIT ? lengths[i] : Math.min(lengths[i], max);
      for (int at = 0; at < end; at += max) {
        out.add(new Piece(i, at, Math.min(max, end - at)));
      }
    }
    return out;
  }

  private static void fit(List<Piece> pieces, int max, List<List<Piece>> bins) {
    List<Piece> sorted = new ArrayList<>(pieces);
    sorted.sort(Comparator.comparingInt(Piece::length).reversed()); // stable
    // by room the bins that have it, the one that came to it first in front
    TreeMap<Integer, Deque<List<Piece>>> byRoom = new TreeMap<>();
    for (Piece p : sorted) {
      var least = byRoom.ceilingEntry(p.length);
      List<Piece> bin;
      int room;
      if (least == null) {
        bin = new ArrayList<>();
        bins.add(bin);
        room = max;
      } else {
        bin = least.getValue().removeFirst();
        room = least.getKey();
        if (least.getValue().isEmpty()) {
          byRoom.remove(room);
        }
      }
      bin.add(p);
      if (room > p.length) {
        byRoom.computeIfAbsent(room - p.length, r -> new ArrayDeque<>()).addLast(bin);
      }
    }
  }

  /** Returns the rows made of examples; see {@link #bins}. */
  public List<PackedRow> pack(List<TokenRow> rows, int maxLength) {
    int[] lengths = rows.stream().mapToInt(TokenRow::length).toArray();
    List<PackedRow> out = new ArrayList<>();
    for (List<Piece> bin : bins(lengths, maxLength)) {
      List<TokenRow> documents = new ArrayList<>();
      for (Piece p : bin) {
        documents.add(SftExample.slice(rows.get(p.row), p.start, p.start + p.length));
      }
      out.add(this == WRAPPED ? PackedRow.joined(documents) : new PackedRow(documents));
    }
    return out;
  }
}
