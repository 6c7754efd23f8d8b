package dev.peft4j.chat.jinja;

import java.util.List;

/** What {@code keys()}, {@code values()} and {@code items()} of a dict give. */
record PyView(Kind kind, PyDict dict) {
  enum Kind {
    KEYS("dict_keys"),
    VALUES("dict_values"),
    ITEMS("dict_items");

    final String type;

    Kind(String type) {
      this.type = type;
    }
  }

  List<Object> list() {
    return switch (kind) {
      case KEYS -> dict.keys();
      case VALUES -> dict.valueList();
      case ITEMS -> dict.items();
    };
  }
}
