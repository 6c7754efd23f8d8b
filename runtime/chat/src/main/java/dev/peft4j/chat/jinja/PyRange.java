package dev.peft4j.chat.jinja;

import java.util.Iterator;
import java.util.NoSuchElementException;

/** A range of whole numbers. */
record PyRange(long start, long stop, long step) {
  // jinja2's sandbox allows no longer one.
  private static final long MAX = 100_000;

  PyRange {
    if (step == 0) {
      throw JinjaException.value("range() arg 3 must not be zero");
    }
    if (length(start, stop, step) > MAX) {
      throw new JinjaException(
          "OverflowError",
          "Range too big. The sandbox blocks ranges larger than MAX_RANGE (" + MAX + ").");
    }
  }

  private static double length(long start, long stop, long step) {
    return Math.max(0, Math.ceil(((double) stop - start) / step));
  }

  int size() {
    return (int) length(start, stop, step);
  }

  long at(int index) {
    return start + index * step;
  }

  Iterator<Object> iterator() {
    return new Iterator<>() {
      private int next;

      @Override
      public boolean hasNext() {
        return next < size();
      }

      @Override
      public Object next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return at(next++);
      }
    };
  }
}
