package dev.peft4j.nn;

import dev.peft4j.backend.Recording;
import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.State;
import dev.peft4j.op.WriteRows;
import dev.peft4j.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The keys and values of the tokens that a decoder has read, so that a further token costs only its
 * own pass: one for a call or a conversation, never shared by threads. Rows of a batch may be of
 * different lengths; token {@code i} of a row stands in slot {@code i} of it, behind the {@link
 * #virtual} ones, and no slot holds padding.
 *
 * <p>A step adds some tokens to each row:
 *
 * <pre>{@code
 * cache.begin(tokens, counts);               // room, and the numbers of the step
 * Storage[] y = cache.compute("next", () -> new Tensor[] {model.logits(ids, cache)});
 * cache.advance();                           // they are there
 * }</pre>
 *
 * <p>What the model computes is recorded at the first step of a kind: {@link #begin} writes the
 * numbers of later steps into the memory of the same tensors. Capacity grows by doubling, with the
 * contents; only then is there a new program.
 */
public final class KeyValueCache {
  /** The least number of slots. */
  private static final int SLOTS = 64;

  private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;

  /**
   * The keys and values of a layer, each (batch, capacity, width), with those of this step; what is
   * behind a row's last token is to be ignored.
   */
  public record KeysValues(Tensor keys, Tensor values) {}

  /** The numbers of steps of one size, as tensors whose memory changes from step to step. */
  private record Step(int tokens, Tensor start, Tensor positions, Tensor slots) {}

  private final int batch;
  private final int limit;
  private final int[] lengths;
  private final Map<Integer, Step> steps = new HashMap<>();
  private final Map<Object, Recording> recordings = new HashMap<>();
  private CacheMemory memory;
  private int[] added = {};
  private int virtual = -1;
  private @Nullable Step step;

  /**
   * Creates an empty cache.
   *
   * @param batch rows
   * @param limit the largest number of tokens of a row
   */
  public KeyValueCache(int batch, int limit) {
    if (batch < 1 || limit < 1) {
      throw new IllegalArgumentException(
          "KeyValueCache: " + batch + " rows of at most " + limit + " tokens, needed at least 1");
    }
    this.batch = batch;
    this.limit = limit;
    this.lengths = new int[batch];
    this.memory = new CacheMemory(batch, 0);
  }

  /** Returns the number of rows. */
  public int batch() {
    return batch;
  }

  /** Returns the largest number of tokens of a row. */
  public int limit() {
    return limit;
  }

  /** Returns the number of slots of each row that there is memory for now. */
  public int capacity() {
    return memory.slots();
  }

  /** Returns the number of tokens of a row. */
  public int length(int row) {
    return lengths[row];
  }

  /**
   * Puts virtual tokens in front of the tokens of all rows, such as those of a prompt that an
   * adapter learned. They are in each row for good and count for no length.
   *
   * @param tokens their number, which may be 0
   * @param graph builds results from {@link #start}, {@link #positions} and {@link #append}, for a
   *     step that adds the virtual tokens to each row
   * @throws IllegalStateException if there are tokens or virtual ones already
   */
  public void prime(int tokens, Supplier<Tensor[]> graph) {
    if (virtual >= 0 || longest() > 0) {
      throw new IllegalStateException(
          "KeyValueCache: virtual tokens come before all others, and this cache has "
              + longest()
              + " tokens and "
              + virtual()
              + " virtual ones");
    }
    if (tokens > 0) {
      int[] all = new int[batch];
      Arrays.fill(all, tokens);
      place(tokens, all);
      compute("virtual", graph);
      Arrays.fill(added, 0);
    }
    virtual = tokens;
  }

  /** Returns whether virtual tokens were put in front, or none of them. */
  public boolean isPrimed() {
    return virtual >= 0;
  }

  /** Returns the number of virtual tokens in front of each row. */
  public int virtual() {
    return Math.max(0, virtual);
  }

  /** Returns the number of bytes that keys and values take. */
  public long bytes() {
    return memory.bytes();
  }

  /**
   * Begins a step in which all tokens of all rows count.
   *
   * @param tokens the number for each row
   */
  public void begin(int tokens) {
    int[] all = new int[batch];
    Arrays.fill(all, tokens);
    begin(tokens, all);
  }

  /**
   * Begins a step that adds tokens to each row.
   *
   * @param tokens the number for each row, with padding
   * @param counts how many of them belong to each row, from the first one on; those behind are
   *     padding on the right, which later tokens replace
   * @throws IllegalArgumentException if a row would have more tokens than the limit
   */
  public void begin(int tokens, int... counts) {
    requireRows("counts", counts.length);
    for (int b = 0; b < batch; b++) {
      if (counts[b] < 0 || counts[b] > tokens || lengths[b] + counts[b] > limit) {
        throw new IllegalArgumentException(
            "KeyValueCache: row "
                + b
                + " of "
                + lengths[b]
                + " tokens cannot take "
                + counts[b]
                + " of the "
                + tokens
                + " tokens of a step; the limit is "
                + limit
                + " tokens");
      }
    }
    place(tokens, counts);
  }

  private void place(int tokens, int... counts) {
    int longest = 0;
    for (int length : lengths) {
      longest = Math.max(longest, length);
    }
    reserve(virtual() + longest + tokens);
    Step s = steps.computeIfAbsent(tokens, this::newStep);
    for (int b = 0; b < batch; b++) {
      int before = virtual() + lengths[b];
      put(s.start, b, before);
      for (int i = 0; i < tokens; i++) {
        // padding has the last token's position: some models go by the largest position
        int place = Math.max(0, before + Math.min(i, counts[b] - 1));
        put(s.positions, b * tokens + i, place);
        put(s.slots, b * tokens + i, b * memory.slots() + before + i);
      }
    }
    added = counts.clone();
    step = s;
  }

  private void requireRows(String what, int n) {
    if (n != batch) {
      throw new IllegalArgumentException(
          "KeyValueCache: " + n + " " + what + " for " + batch + " rows");
    }
  }

  private Step newStep(int tokens) {
    return new Step(tokens, integers(batch), integers(batch, tokens), integers(batch * tokens));
  }

  private static Tensor integers(int... shape) {
    Shape s = Shape.of(shape);
    return Tensor.of(Storage.allocate(DType.INT32, s.elements()), s);
  }

  private static void put(Tensor t, int i, int value) {
    Storage s = t.storage();
    s.segment().setAtIndex(I32, i, value);
    s.modified();
  }

  private Step step() {
    if (step == null) {
      throw new IllegalStateException("KeyValueCache: call begin(tokens) first");
    }
    return step;
  }

  /** Returns the number of tokens that the present step adds to each row. */
  public int tokens() {
    return step().tokens;
  }

  /** Returns the slot, and position, of the first token of this step in each row: int32 (batch). */
  public Tensor start() {
    return step().start;
  }

  /** Returns the positions of the tokens of this step: int32 (batch, tokens). */
  public Tensor positions() {
    return step().positions;
  }

  /**
   * Adds the keys and values of this step's tokens to a layer's.
   *
   * @param layer index of the layer, from 0
   * @param k (batch, tokens, width)
   * @param v (batch, tokens, width of its own)
   */
  public KeysValues append(int layer, Tensor k, Tensor v) {
    CacheMemory.Layer l = memory.layer(layer, k.dim(-1), v.dim(-1));
    return new KeysValues(write(l.keys(), k), write(l.values(), v));
  }

  private Tensor write(State state, Tensor x) {
    int width = x.dim(-1);
    Tensor rows = x.reshape(batch * step().tokens, width);
    Node all = WriteRows.of(state.node(), rows.node(), step().slots.node());
    state.set(all);
    return Tensor.of(all).reshape(batch, memory.slots(), width);
  }

  /**
   * Computes results of this step and the keys and values that it adds. The graph is built when it
   * is needed first for a step of this size, and again if a weight has changed since.
   *
   * @param kind tells graphs of different kinds from each other
   * @param graph builds the results from {@link #start}, {@link #positions}, {@link #append} and
   *     data that the caller keeps and writes to
   * @return the memory of each result; the next computation of this kind replaces its contents
   */
  public Storage[] compute(Object kind, Supplier<Tensor[]> graph) {
    List<Object> key = List.of(kind, step().tokens);
    Recording recording = recordings.get(key);
    if (recording == null || !recording.isCurrent()) {
      recording = record(graph);
      recordings.put(key, recording);
    }
    recording.run();
    Storage[] results = new Storage[recording.results()];
    Arrays.setAll(results, recording::result);
    return results;
  }

  /**
   * Returns whether the weights that keys and values were computed with are what they were; what a
   * cache holds of others has to be computed again.
   */
  public boolean isCurrent() {
    return recordings.values().stream().allMatch(Recording::isCurrent);
  }

  private Recording record(Supplier<Tensor[]> graph) {
    try {
      List<Node> results = Arrays.stream(graph.get()).map(Tensor::node).toList();
      return Recording.of(results, memory.states());
    } finally {
      memory.states().forEach(State::forget);
    }
  }

  /** Counts the tokens of the step, which has been computed. */
  public void advance() {
    for (int b = 0; b < batch; b++) {
      lengths[b] += added[b];
    }
    Arrays.fill(added, 0);
  }

  /** Returns the number of tokens of the longest row, with those of the present step. */
  public int longest() {
    int longest = 0;
    for (int b = 0; b < batch; b++) {
      longest = Math.max(longest, lengths[b] + (added.length == 0 ? 0 : added[b]));
    }
    return longest;
  }

  /**
   * Forgets the tokens of a row from {@code length} on.
   *
   * @param length at most the present length
   */
  public void truncate(int row, int length) {
    if (length < 0 || length > lengths[row]) {
      throw new IllegalArgumentException(
          "KeyValueCache: row " + row + " has " + lengths[row] + " tokens, not " + length);
    }
    lengths[row] = length;
  }

  /**
   * Replaces the rows: row {@code b} becomes what row {@code from[b]} was, as when beams go on from
   * others.
   */
  public void reorder(int... from) {
    requireRows("rows", from.length);
    int[] old = lengths.clone();
    memory.reorder(from, b -> virtual() + old[b]);
    Arrays.setAll(lengths, b -> old[from[b]]);
  }

  /**
   * Returns a cache of its own with copies of some of the rows, in this order; a row may occur more
   * than once, as when several answers go on from one prompt.
   */
  public KeyValueCache select(int... rows) {
    KeyValueCache chosen = new KeyValueCache(rows.length, limit);
    chosen.memory = memory.copied(memory.slots(), this::used, rows);
    chosen.virtual = virtual;
    Arrays.setAll(chosen.lengths, b -> lengths[rows[b]]);
    return chosen;
  }

  private int used(int row) {
    return virtual() + lengths[row];
  }

  /** Ensures that each row has at least {@code slots} slots; the contents are kept. */
  public void reserve(int slots) {
    if (slots <= memory.slots()) {
      return;
    }
    int wanted = SLOTS;
    while (wanted < slots) {
      wanted = Math.multiplyExact(wanted, 2);
    }
    int[] same = new int[batch];
    Arrays.setAll(same, b -> b);
    memory = memory.copied(wanted, this::used, same);
    steps.clear();
    recordings.clear();
  }
}
