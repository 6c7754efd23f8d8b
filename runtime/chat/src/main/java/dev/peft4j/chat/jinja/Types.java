package dev.peft4j.chat.jinja;

import java.math.BigInteger;

/** Python's names of types, and which values are what. */
final class Types {
  private Types() {}

  static String name(Object value) {
    return switch (value) {
      case None n -> "NoneType";
      case Boolean b -> "bool";
      case Long n -> "int";
      case BigInteger n -> "int";
      case Double d -> "float";
      case String s -> "str";
      case Markup m -> "Markup";
      case PyList l -> "list";
      case PyTuple t -> t.group ? "_GroupTuple" : "tuple";
      case PyDict d -> "dict";
      case PyRange r -> "range";
      case PyView v -> v.kind().type;
      case PyIter i -> i.type;
      case PyBytes b -> "bytes";
      case Undefined u -> "Undefined";
      case Namespace n -> "Namespace";
      case Callable c -> c.typeName();
      default -> value.getClass().getSimpleName();
    };
  }

  /** The name with its module, as jinja2 says it in messages. */
  static String qualifiedName(Object value) {
    return switch (value) {
      case Markup m -> "markupsafe.Markup";
      case Namespace n -> "jinja2.utils.Namespace";
      case PyTuple t when t.group -> "jinja2.filters._GroupTuple";
      case Globals.Cycler c -> "jinja2.utils.Cycler";
      case Globals.Joiner j -> "jinja2.utils.Joiner";
      case Loop l -> "jinja2.runtime.LoopContext";
      case Macro m -> "jinja2.runtime.Macro";
      default -> name(value);
    };
  }

  static boolean isText(Object value) {
    return value instanceof String || value instanceof Markup;
  }

  /** The text of a str; {@code value} is one. */
  static String text(Object value) {
    return value instanceof Markup m ? m.text() : (String) value;
  }

  static boolean isInt(Object value) {
    return value instanceof Long || value instanceof BigInteger || value instanceof Boolean;
  }

  static boolean isNumber(Object value) {
    return isInt(value) || value instanceof Double;
  }

  static boolean truth(Object value) {
    return switch (value) {
      case Boolean b -> b;
      case None n -> false;
      case String s -> !s.isEmpty();
      case Long n -> n != 0;
      case Double d -> d != 0;
      case BigInteger n -> n.signum() != 0;
      case Seq s -> !s.items.isEmpty();
      case PyDict d -> d.size() != 0;
      case Undefined u -> false;
      case Markup m -> !m.text().isEmpty();
      case PyRange r -> r.size() != 0;
      case PyView v -> v.dict().size() != 0;
      case PyBytes b -> b.bytes.length != 0;
      case Loop l -> l.length() != 0;
      default -> true;
    };
  }

  /** The length that {@code len()} gives, or -1 if there is none. */
  static int lengthOf(Object value) {
    return switch (value) {
      case String s -> Str.length(s);
      case Markup m -> Str.length(m.text());
      case Seq s -> s.items.size();
      case PyDict d -> d.size();
      case PyRange r -> r.size();
      case PyView v -> v.dict().size();
      case PyBytes b -> b.bytes.length;
      case Undefined u -> 0;
      case Loop l -> l.length();
      default -> -1;
    };
  }

  static int length(Object value) {
    int n = lengthOf(value);
    if (n < 0) {
      throw JinjaException.type("object of type " + Repr.quote(name(value)) + " has no len()");
    }
    return n;
  }

  /**
   * The whole number in {@code value}, as an index or a count; beyond int's range it is the nearest
   * in it.
   */
  static int index(Object value) {
    return switch (value) {
      case Long n -> (int) Math.clamp(n, Integer.MIN_VALUE + 1L, Integer.MAX_VALUE);
      case BigInteger n -> n.signum() < 0 ? Integer.MIN_VALUE + 1 : Integer.MAX_VALUE;
      case Boolean b -> b ? 1 : 0;
      case Undefined u -> throw u.error();
      default ->
          throw JinjaException.type(
              Repr.quote(name(value)) + " object cannot be interpreted as an integer");
    };
  }
}
