package dev.peft4j.chat.jinja;

/** What {@code namespace()} makes: the one thing whose attributes a template can set. */
final class Namespace {
  final PyDict attributes = new PyDict();
}
