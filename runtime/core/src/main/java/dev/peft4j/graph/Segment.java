package dev.peft4j.graph;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A part of a model whose results may be computed again in the backward pass. */
final class Segment {
  private static final ScopedValue<Segment> CURRENT = ScopedValue.newInstance();

  /** The number of scopes: while it is 0, the cost of a node is one read of this counter. */
  private static final AtomicInteger SCOPES = new AtomicInteger();

  private final ActivationCheckpointing mode;

  private Segment(ActivationCheckpointing mode) {
    this.mode = mode;
  }

  /** Returns whether it is to be computed again however little memory that saves. */
  boolean always() {
    return mode == ActivationCheckpointing.ON;
  }

  static <T> T run(ActivationCheckpointing mode, Supplier<T> body) {
    if (current() != null) {
      return body.get();
    }
    SCOPES.incrementAndGet();
    try {
      return ScopedValue.where(CURRENT, new Segment(mode)).call(body::get);
    } finally {
      SCOPES.decrementAndGet();
    }
  }

  /** Returns the part that this thread is building, or null. */
  static @Nullable Segment current() {
    return SCOPES.get() != 0 && CURRENT.isBound() ? CURRENT.get() : null;
  }
}
