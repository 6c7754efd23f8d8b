package dev.peft4j.chat.jinja;

import java.util.List;

/** A tuple; one of a group ({@code groupby}) also has names. */
final class PyTuple extends Seq {
  final boolean group;

  PyTuple(List<Object> items) {
    this(items, false);
  }

  PyTuple(List<Object> items, boolean group) {
    super(items);
    this.group = group;
  }

  static PyTuple of(Object... items) {
    return new PyTuple(List.of(items));
  }
}
