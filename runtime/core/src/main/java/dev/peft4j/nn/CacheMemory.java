package dev.peft4j.nn;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.State;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a {@link KeyValueCache}: keys and values of each layer, in which every row of the
 * batch has the same number of slots, one after another.
 */
final class CacheMemory {
  /** Keys and values of one layer, each (batch · slots, width). */
  record Layer(State keys, State values) {}

  private final int batch;
  private final int slots;
  private final List<@Nullable Layer> layers = new ArrayList<>();

  /**
   * Creates memory without layers.
   *
   * @param batch rows
   * @param slots of each row
   */
  CacheMemory(int batch, int slots) {
    this.batch = batch;
    this.slots = slots;
  }

  /** Returns the number of slots of each row. */
  int slots() {
    return slots;
  }

  /** Returns a layer, which is made when it is needed first. */
  Layer layer(int index, int keyWidth, int valueWidth) {
    while (layers.size() <= index) {
      layers.add(null);
    }
    Layer l = layers.get(index);
    if (l == null) {
      l = new Layer(state(index, "keys", keyWidth), state(index, "values", valueWidth));
      layers.set(index, l);
    }
    return l;
  }

  private State state(int layer, String what, int width) {
    Shape shape = Shape.of(batch * slots, width);
    return new State(
        what + " of layer " + layer, Storage.allocate(DType.FLOAT32, shape.elements()), shape);
  }

  /** Returns keys and values of all layers. */
  List<State> states() {
    List<State> all = new ArrayList<>();
    for (Layer l : layers) {
      if (l != null) {
        all.add(l.keys);
        all.add(l.values);
      }
    }
    return all;
  }

  /** Returns the number of bytes of all layers. */
  long bytes() {
    return states().stream().mapToLong(s -> s.storage().bytes()).sum();
  }

  /**
   * Replaces the rows: row {@code b} becomes what row {@code from[b]} was.
   *
   * @param used the number of slots of each row, as it was, that have something in them
   */
  void reorder(int[] from, IntUnaryOperator used) {
    for (State s : states()) {
      MemorySegment memory = s.storage().segment();
      long row = memory.byteSize() / batch;
      MemorySegment copy = null;
      for (int b = 0; b < batch; b++) {
        if (from[b] != b) {
          copy = copy == null ? MemorySegment.ofArray(memory.toArray(ValueLayout.JAVA_INT)) : copy;
          MemorySegment.copy(
              copy, from[b] * row, memory, b * row, bytes(s, used.applyAsInt(from[b])));
        }
      }
      s.storage().modified();
    }
  }

  /**
   * Returns memory of its own with copies of some rows.
   *
   * @param wanted the number of slots that its rows have, at least as many as are used
   * @param used the number of slots of each row here that have something in them
   * @param rows the rows, in this order; one may occur more than once
   */
  CacheMemory copied(int wanted, IntUnaryOperator used, int... rows) {
    CacheMemory made = new CacheMemory(rows.length, wanted);
    for (int i = 0; i < layers.size(); i++) {
      Layer l = layers.get(i);
      if (l != null) {
        Layer own = made.layer(i, l.keys.shape().dim(1), l.values.shape().dim(1));
        copy(l.keys, own.keys, made, used, rows);
        copy(l.values, own.values, made, used, rows);
      }
    }
    return made;
  }

  private void copy(State from, State to, CacheMemory made, IntUnaryOperator used, int... rows) {
    MemorySegment source = from.storage().segment();
    MemorySegment target = to.storage().segment();
    long oldRow = source.byteSize() / batch;
    long row = target.byteSize() / made.batch;
    for (int b = 0; b < rows.length; b++) {
      long bytes = bytes(from, used.applyAsInt(rows[b]));
      MemorySegment.copy(source, rows[b] * oldRow, target, b * row, bytes);
    }
    to.changed();
  }

  private static long bytes(State s, int slots) {
    return 4L * s.shape().dim(1) * slots;
  }
}
