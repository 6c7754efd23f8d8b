package dev.peft4j.chat.jinja;

import org.jspecify.annotations.Nullable;

/** The variables of one run of a function: the template, a macro, the body of a recursive loop. */
final class Frame {
  final Runtime rt;
  private final @Nullable Frame outer;
  private final @Nullable Object[] slots;

  Frame(Runtime rt, @Nullable Frame outer, int size) {
    this.rt = rt;
    this.outer = outer;
    this.slots = new Object[size];
  }

  @Nullable Object get(int hops, int slot) {
    Frame f = this;
    for (int i = 0; i < hops; i++) {
      f = java.util.Objects.requireNonNull(f.outer);
    }
    return f.slots[slot];
  }

  void set(int hops, int slot, @Nullable Object value) {
    Frame f = this;
    for (int i = 0; i < hops; i++) {
      f = java.util.Objects.requireNonNull(f.outer);
    }
    f.slots[slot] = value == None.MISSING ? null : value;
  }
}
