package dev.peft4j.cli;

import dev.peft4j.sft.PackedRow;
import dev.peft4j.sft.Packing;
import dev.peft4j.train.Batches;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.TokenRow;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options by which a language model's rows come into batches. */
final class RowBatches {
  /** Few lengths of packed batches make few programs; the padding is this part of them at most. */
  private static final int PARTS = 64;

  /** The values of {@code --packing}; the words are TRL's. */
  enum Strategy {
    off(null),
    bfd(Packing.BEST_FIT),
    bfd_split(Packing.BEST_FIT_SPLIT);

    private final @Nullable Packing packing;

    Strategy(@Nullable Packing packing) {
      this.packing = packing;
    }
  }

  @Option(
      names = "--packing",
      paramLabel = "STRATEGY",
      description =
          "Put several examples into a row of --max-length tokens, which saves padding; they do not"
              + " see each other: ${COMPLETION-CANDIDATES}. bfd is best fit, decreasing; bfd_split"
              + " also splits plain texts that are too long. --batch then counts packed rows.")
  Strategy packing = Strategy.off;

  @Option(
      names = "--group-by-length",
      description = "Make batches of examples of similar length, which saves padding.")
  boolean byLength;

  /** Throws if two options exclude each other. */
  void check() {
    if (byLength && packing != Strategy.off) {
      throw new UsageException(
          "--group-by-length and --packing exclude each other: packed rows have no padding");
    }
  }

  /** Returns whether texts that are too long are split. */
  boolean splits() {
    return packing == Strategy.bfd_split;
  }

  /**
   * Returns the batches, in a new order each epoch.
   *
   * @param size rows in a batch
   * @param maxLength tokens of a row at most
   */
  Batches<CausalBatch> of(List<TokenRow> rows, int size, long seed, int maxLength, Out out) {
    Packing by = packing.packing;
    if (by == null) {
      return byLength
          ? Batches.byLength(rows, size, seed, TokenRow::length, CausalBatch::of)
          : Batches.shuffled(rows, size, seed, CausalBatch::of);
    }
    List<PackedRow> packed = by.pack(rows, maxLength);
    long tokens = rows.stream().mapToLong(TokenRow::length).sum();
    out.note(
        "packed %,d examples into %,d rows of at most %,d tokens, %.1f %% full",
        rows.size(),
        packed.size(),
        maxLength,
        100.0 * tokens / ((double) packed.size() * maxLength));
    long most = (long) size * maxLength / PARTS;
    int multiple = Math.max(CausalBatch.MULTIPLE, (int) Long.highestOneBit(Math.max(1, most)));
    return Batches.shuffled(packed, size, seed, some -> PackedRow.batch(some, multiple));
  }
}
