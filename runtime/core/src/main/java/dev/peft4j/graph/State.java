package dev.peft4j.graph;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import org.jspecify.annotations.Nullable;

/**
 * Memory that exists from call to call and that programs update in place, such as the keys and
 * values of a conversation. What a program writes to it by an op that {@link Op#updates} its input
 * changes only the rows that are written; nothing is copied. It belongs to one thread at a time.
 *
 * <p>If a computation fails, the rows that it was to write may hold anything; all others are as
 * before. So whoever holds a state keeps count of the rows that are valid.
 */
public final class State {
  private final Variable variable;
  private @Nullable Node next;

  /**
   * Creates a state over {@code storage}, which it owns from now on.
   *
   * @param name for messages
   */
  public State(String name, Storage storage, Shape shape) {
    this.variable = Variable.state(name, storage, shape);
  }

  /** Returns the shape. */
  public Shape shape() {
    return variable.shape();
  }

  /** Returns the memory. After writing to it directly, call {@link #changed}. */
  public Storage storage() {
    return variable.storage();
  }

  /** Notes that the memory was written to by other means than {@link #set}. */
  public void changed() {
    variable.changed();
  }

  /** Returns the contents, with what has been set and not been computed yet. */
  public Node node() {
    Node n = next;
    return n == null ? variable.node() : n;
  }

  /**
   * Sets the contents that the next computation leaves here.
   *
   * @param contents of the shape of this state
   */
  public void set(Node contents) {
    if (!contents.shape().equals(shape())) {
      throw new IllegalArgumentException(
          variable.name() + ": contents of shape " + contents.shape() + ", needed " + shape());
    }
    next = contents;
  }

  /** Returns what has been set and not been computed yet, or null. */
  public @Nullable Node pending() {
    return next;
  }

  /** Forgets what has been set and not been computed. */
  public void forget() {
    next = null;
  }

  /** Returns the variable that holds the contents. */
  public Variable variable() {
    return variable;
  }
}
