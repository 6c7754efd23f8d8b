package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.IndexException;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.State;
import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.op.Attention;
import dev.peft4j.op.Pointwise;
import dev.peft4j.op.WriteRows;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** States: memory that programs update in place, and the cache made of them. */
abstract class StateContract extends TorchValuesContract {
  private static State state(int rows, int width) {
    float[] x = new float[rows * width];
    for (int i = 0; i < x.length; i++) {
      x[i] = -1 - i;
    }
    return new State("s", Storage.of(x), Shape.of(rows, width));
  }

  private static Node rows(float... values) {
    return Tensor.of(values, values.length / 2, 2).node();
  }

  private void update(List<Node> results, State... states) {
    Backends.with(
        backend,
        () -> {
          Engine.update(results, List.of(states));
          return null;
        });
  }

  @Test
  void rowsAreWrittenAndTheOthersKept() {
    State s = state(4, 2);
    s.set(WriteRows.of(s.node(), rows(1, 2, 3, 4), Tensor.of(new int[] {2, 0}).node()));
    Node twice = Pointwise.mul(s.node(), 2);
    update(List.of(twice), s);
    assertThat(s.storage().toFloats()).containsExactly(3, 4, -3, -4, 1, 2, -7, -8);
    assertThat(Tensor.of(twice).toFloats()).containsExactly(6, 8, -6, -8, 2, 4, -14, -16);
    assertThat(s.pending()).isNull();
  }

  @Test
  void oldContentsMayBeReadBesideTheNewOnes() {
    State s = state(3, 2);
    Node old = Pointwise.mul(s.node(), 10);
    Node ids = Tensor.of(new long[] {1}).node();
    s.set(WriteRows.of(s.node(), Pointwise.add(rows(1, 2), rows(0, 0)), ids));
    Node sum = Pointwise.add(old, s.node());
    update(List.of(sum), s);
    assertThat(s.storage().toFloats()).containsExactly(-1, -2, 1, 2, -5, -6);
    assertThat(Tensor.of(sum).toFloats()).containsExactly(-11, -22, -29, -38, -55, -66);
  }

  @Test
  void writesFollowEachOther() {
    State s = state(3, 2);
    s.set(WriteRows.of(s.node(), rows(1, 2, 3, 4), Tensor.of(new int[] {1, 2}).node()));
    s.set(WriteRows.of(s.node(), rows(5, 6), Tensor.of(new int[] {2}).node()));
    update(List.of(), s);
    assertThat(s.storage().toFloats()).containsExactly(-1, -2, 1, 2, 5, 6);
  }

  @Test
  void aRowThatIsNotThereIsAnErrorAndTheOtherRowsStay() {
    State s = state(3, 2);
    s.set(WriteRows.of(s.node(), rows(1, 2, 3, 4), Tensor.of(new int[] {1, 3}).node()));
    assertThatThrownBy(() -> update(List.of(), s))
        .isInstanceOf(IndexException.class)
        .hasMessageContaining("3");
    assertThat(Arrays.copyOf(s.storage().toFloats(), 2)).containsExactly(-1, -2);
    s.set(WriteRows.of(s.node(), rows(7, 8), Tensor.of(new int[] {0}).node()));
    update(List.of(), s);
    assertThat(Arrays.copyOf(s.storage().toFloats(), 2)).containsExactly(7, 8);
  }

  @Test
  void aRecordingRunsWithWhatIsInItsLeavesNow() {
    Backends.with(
        backend,
        () -> {
          State s = state(3, 2);
          Storage values = Storage.of(1, 2);
          Storage id = Storage.of(new int[] {0});
          Node x = Node.data(values, Shape.of(1, 2));
          s.set(WriteRows.of(s.node(), Pointwise.mul(x, 3), Node.data(id, Shape.of(1))));
          Node total = Tensor.of(s.node()).sum().node();
          Recording r = Recording.of(List.of(total), List.of(s));
          float[] sums = new float[3];
          for (int i = 0; i < 3; i++) {
            id.segment().set(java.lang.foreign.ValueLayout.JAVA_INT, 0, i);
            id.modified();
            values.setFloat(0, i);
            assertThat(r.isCurrent()).isTrue();
            r.run();
            sums[i] = r.result(0).floatAt(0);
          }
          assertThat(s.storage().toFloats()).containsExactly(0, 6, 3, 6, 6, 6);
          assertThat(sums).containsExactly(0 + 6 - 18, 6 + 9 - 11, 27);
          return null;
        });
  }

  /** Queries, keys and values are the token's own numbers: attention over a cache alone. */
  private static Tensor attend(KeyValueCache cache, Tensor x) {
    KeyValueCache.KeysValues all = cache.append(0, x, x.mul(0.5f));
    Attention op = Attention.causal(2, 2, (float) Math.sqrt(0.5));
    return Tensor.attention(x, all.keys(), all.values(), null, cache.start(), op);
  }

  @Test
  void theCacheGivesWhatAPassOverAllTokensGives() {
    int tokens = 70; // beyond the first capacity
    int width = 4;
    Rng rng = new Rng(5);
    float[] x = rng.normal(2 * tokens * width, 0, 1);
    Tensor all = Tensor.of(x, 2, tokens, width);
    float[] whole = values(Tensor.attention(all, all, all.mul(0.5f), null, 2, 2, true));
    CountingBackend counting = new CountingBackend(backend);
    Backends.with(
        counting,
        () -> {
          KeyValueCache cache = new KeyValueCache(2, 80);
          // row 1 is one token behind: its second token of the first step is padding
          Storage first = Storage.of(new float[2 * 3 * width]);
          for (int b = 0; b < 2; b++) {
            first.setFloats(b * 3 * width, part(x, b * tokens, 3 - b, width));
          }
          check(cache, first, 3, whole, tokens, 3, 2);
          Storage next = Storage.of(new float[2 * width]);
          List<Integer> compiled = new ArrayList<>();
          while (cache.length(0) < tokens) {
            for (int b = 0; b < 2; b++) {
              next.setFloats(b * width, part(x, b * tokens + cache.length(b), 1, width));
            }
            check(cache, next, 1, whole, tokens, 1, 1);
            compiled.add(counting.compiled.size());
          }
          assertThat(compiled.getFirst()).isEqualTo(2);
          assertThat(compiled.get(60)).isEqualTo(2); // up to 64 tokens
          assertThat(compiled.getLast()).isEqualTo(3);
          assertThat(cache.capacity()).isEqualTo(128);
          assertThat(cache.bytes()).isEqualTo(2L * 2 * 128 * width * 4);
          return null;
        });
  }

  private static float[] part(float[] x, int token, int n, int width) {
    return Arrays.copyOfRange(x, token * width, (token + n) * width);
  }

  private static void check(
      KeyValueCache cache, Storage x, int tokens, float[] whole, int all, int... counts) {
    int width = (int) (x.elements() / 2 / tokens);
    cache.begin(tokens, counts);
    assertThat(cache.longest()).isEqualTo(cache.length(0) + counts[0]);
    Shape shape = Shape.of(2, tokens, width);
    Storage y = cache.compute("y", () -> new Tensor[] {attend(cache, Tensor.of(x, shape))})[0];
    float[] got = y.toFloats();
    for (int b = 0; b < 2; b++) {
      for (int i = 0; i < counts[b]; i++) {
        float[] expected = part(whole, b * all + cache.length(b) + i, 1, width);
        assertThat(part(got, b * tokens + i, 1, width))
            .containsExactly(expected, org.assertj.core.data.Offset.offset(1e-5f));
      }
    }
    cache.advance();
  }

  @Test
  void rowsOfACacheChangePlacesAndAreCutShort() {
    Backends.with(
        backend,
        () -> {
          KeyValueCache cache = new KeyValueCache(3, 10);
          Storage x = Storage.of(1, 2, 3);
          cache.begin(1);
          Shape shape = Shape.of(3, 1, 1);
          cache.compute(
              "k",
              () ->
                  new Tensor[] {cache.append(0, Tensor.of(x, shape), Tensor.of(x, shape)).keys()});
          cache.advance();
          KeyValueCache two = cache.select(2, 0);
          cache.reorder(2, 2, 0);
          cache.truncate(1, 0);
          x.setFloats(0, new float[] {7, 8, 9});
          cache.begin(1);
          float[] keys =
              cache
                  .compute(
                      "k",
                      () -> {
                        throw new AssertionError("recorded");
                      })[0]
                  .toFloats();
          cache.advance();
          int c = cache.capacity();
          assertThat(new float[] {keys[0], keys[1], keys[c], keys[2 * c], keys[2 * c + 1]})
              .containsExactly(3, 7, 8, 1, 9);
          assertThat(cache.length(1)).isEqualTo(1);
          two.begin(1);
          Storage y = Storage.of(5, 6);
          Tensor more = Tensor.of(y, Shape.of(2, 1, 1));
          float[] chosen =
              two.compute("k", () -> new Tensor[] {two.append(0, more, more).keys()})[0].toFloats();
          assertThat(new float[] {chosen[0], chosen[1], chosen[c], chosen[c + 1]})
              .containsExactly(3, 5, 1, 6);
          assertThatThrownBy(() -> cache.begin(10))
              .hasMessageContaining("row 0 of 2 tokens cannot take 10")
              .hasMessageContaining("the limit is 10 tokens");
          assertThatThrownBy(() -> cache.truncate(1, 2)).hasMessageContaining("row 1 has 1 tokens");
          return null;
        });
  }

  @Test
  void writeRowsChecksItsShapes() {
    Node table = Tensor.zeros(4, 2).node();
    Node ids = Tensor.of(new int[] {1, 2}).node();
    assertThatThrownBy(() -> WriteRows.of(table, Tensor.zeros(2, 3).node(), ids))
        .hasMessageContaining("writeRows: table (4, 2), values (2, 3), ids (2,)");
    assertThatThrownBy(() -> WriteRows.of(table, Tensor.zeros(3, 2).node(), ids))
        .hasMessageContaining("values (3, 2)");
    assertThatThrownBy(() -> WriteRows.of(table, Tensor.zeros(2, 2).node(), Tensor.zeros(2).node()))
        .hasMessageContaining("FLOAT32");
  }
}
