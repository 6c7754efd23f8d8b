package dev.peft4j.chat.jinja;

import java.util.List;

/** A list. No template can change one. */
final class PyList extends Seq {
  PyList(List<Object> items) {
    super(items);
  }
}
