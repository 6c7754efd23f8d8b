package dev.peft4j.chat.jinja;

import java.util.Iterator;

/** Something that can be gone through once: a generator, or a reversed list. */
final class PyIter {
  final String type;
  final Iterator<Object> iterator;

  PyIter(String type, Iterator<Object> iterator) {
    this.type = type;
    this.iterator = iterator;
  }
}
