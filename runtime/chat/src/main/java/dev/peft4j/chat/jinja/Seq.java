package dev.peft4j.chat.jinja;

import java.util.List;

/** A list or a tuple. */
abstract class Seq {
  final List<Object> items;

  Seq(List<Object> items) {
    this.items = items;
  }

  Seq like(List<Object> other) {
    return this instanceof PyList ? new PyList(other) : new PyTuple(other);
  }
}
