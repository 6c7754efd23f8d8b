package dev.peft4j.chat.jinja;

/** What can be called: a function, a method, a macro, a loop. */
interface Callable {
  Object call(Runtime rt, Args args);

  /** Python's name of the type. */
  default String typeName() {
    return "builtin_function_or_method";
  }
}
