package dev.peft4j.chat.jinja;

/** An expression that is ready to run. */
interface Code {
  Object eval(Frame f);
}
