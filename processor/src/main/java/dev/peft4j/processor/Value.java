package dev.peft4j.processor;

import com.palantir.javapoet.ClassName;
import java.util.List;
import java.util.Map;

/** A value of an annotation's member, without the compiler's objects. */
sealed interface Value {

  /** A text. */
  record Text(String text) implements Value {}

  /** A number, of the type that the member has. */
  record Num(Number number) implements Value {}

  /** A boolean. */
  record Flag(boolean flag) implements Value {}

  /** A constant of an enum. */
  record Constant(ClassName type, String name) implements Value {}

  /** The elements of an array. */
  record Many(List<Value> all) implements Value {
    public Many {
      all = List.copyOf(all);
    }
  }

  /** An annotation: the values of its members in their order, defaults included. */
  record Entry(ClassName type, Map<String, Value> values) implements Value {}

  /** Returns the value as a reader of the source writes it, as far as numbers and names go. */
  default String shown() {
    if (this instanceof Text t) {
      return t.text();
    }
    if (this instanceof Num n) {
      return n.number().toString();
    }
    if (this instanceof Flag f) {
      return String.valueOf(f.flag());
    }
    return this instanceof Constant c ? c.name() : toString();
  }

  /** Returns the elements of an array; of anything else, the value itself. */
  default List<Value> elements() {
    return this instanceof Many many ? many.all() : List.of(this);
  }
}
