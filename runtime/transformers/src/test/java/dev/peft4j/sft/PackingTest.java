package dev.peft4j.sft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.sft.Packing.Piece;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.TokenRow;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every token is in exactly one place, no row is too long, and documents stay apart. */
class PackingTest {
  @ParameterizedTest
  @EnumSource(Packing.class)
  void everyTokenHasOnePlace(Packing packing) {
    Random random = new Random(4);
    for (int round = 0; round < 50; round++) {
      int max = 1 + random.nextInt(30);
      int[] lengths = random.ints(random.nextInt(2500), 0, 3 * max).toArray();
      int[][] seen = Arrays.stream(lengths).mapToObj(int[]::new).toArray(int[][]::new);
      for (List<Piece> bin : packing.bins(lengths, max)) {
        assertThat(bin).isNotEmpty();
        assertThat(bin.stream().mapToInt(Piece::length).sum()).isBetween(1, max);
        for (Piece p : bin) {
          for (int i = 0; i < p.length(); i++) {
            seen[p.row()][p.start() + i]++;
          }
        }
      }
      for (int[] row : seen) {
        int kept = packing == Packing.BEST_FIT ? Math.min(max, row.length) : row.length;
        for (int i = 0; i < row.length; i++) {
          assertThat(row[i]).isEqualTo(i < kept ? 1 : 0);
        }
      }
    }
  }

  @Test
  void theFullestRowThatFitsIsTaken() {
    List<List<Piece>> bins = Packing.BEST_FIT.bins(new int[] {7, 6, 3, 4, 1}, 10);
    assertThat(bins)
        .containsExactly(
            List.of(new Piece(0, 0, 7), new Piece(2, 0, 3)),
            List.of(new Piece(1, 0, 6), new Piece(3, 0, 4)),
            List.of(new Piece(4, 0, 1)));
  }

  @Test
  void positionsBeginAgainAndFirstTokensAreNotCounted() {
    List<PackedRow> rows =
        Packing.BEST_FIT.pack(List.of(TokenRow.of(1, 2, 3), TokenRow.of(4, 5)), 8);
    CausalBatch batch = PackedRow.batch(rows);
    assertThat(batch.input().inputIds().toInts()).containsExactly(1, 2, 3, 4, 5);
    assertThat(batch.labels().toInts()).containsExactly(-100, 2, 3, -100, 5);
    assertThat(batch.counted()).isEqualTo(3);
    List<PackedRow> leaky =
        Packing.WRAPPED.pack(List.of(TokenRow.of(1, 2, 3), TokenRow.of(4, 5)), 8);
    assertThat(PackedRow.batch(leaky).labels().toInts()).containsExactly(-100, 2, 3, 4, 5);
  }

  @Test
  void aRowNeedsRoom() {
    assertThatThrownBy(() -> Packing.BEST_FIT.bins(new int[] {1}, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a row of 0 tokens");
    assertThat(Packing.WRAPPED.bins(new int[0], 5)).isEqualTo(new ArrayList<>());
  }
}
