package dev.peft4j.chat.jinja;

/** Python's {@code None}; and what a variable holds that nobody has set. */
enum None {
  NONE,
  MISSING
}
