package dev.peft4j.chat.jinja;

import org.jspecify.annotations.Nullable;

/**
 * What stands for something that is not there: empty as text, false, and an error as soon as
 * anything else is done with it.
 */
final class Undefined {
  private final String message;
  private final boolean unsafe;

  private Undefined(String message, boolean unsafe) {
    this.message = message;
    this.unsafe = unsafe;
  }

  static Undefined name(String name) {
    return new Undefined(Repr.quote(name) + " is undefined", false);
  }

  static Undefined hint(String message) {
    return new Undefined(message, false);
  }

  /** The attribute or element {@code key} that {@code owner} does not have. */
  static Undefined of(Object owner, Object key, Runtime rt) {
    String kind = owner == None.NONE ? "None" : Types.qualifiedName(owner) + " object";
    if (key instanceof String s) {
      return new Undefined(Repr.quote(kind) + " has no attribute " + Repr.quote(s), false);
    }
    return new Undefined(kind + " has no element " + Repr.repr(key, rt), false);
  }

  static Undefined unsafe(Object owner, String name) {
    return new Undefined(
        "access to attribute "
            + Repr.quote(name)
            + " of "
            + Repr.quote(Types.name(owner))
            + " object is unsafe.",
        true);
  }

  JinjaException error() {
    return new JinjaException(unsafe ? "SecurityError" : "UndefinedError", message);
  }

  /** Throws if one of the two is undefined. */
  static void refuse(Object a, @Nullable Object b) {
    if (a instanceof Undefined u) {
      throw u.error();
    }
    if (b instanceof Undefined u) {
      throw u.error();
    }
  }
}
