package dev.peft4j.chat.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Going through values. */
final class Iters {
  private Iters() {}

  /** Goes through {@code value}, or returns null if it cannot be gone through. */
  static @Nullable Iterator<Object> tryIterate(Object value) {
    return switch (value) {
      case Seq s -> s.items.iterator();
      case String s -> characters(s);
      case PyDict d -> d.keys().iterator();
      case PyView v -> v.list().iterator();
      case PyRange r -> r.iterator();
      case PyIter i -> i.iterator;
      case Undefined u -> Collections.emptyIterator();
      case Markup m -> characters(m.text());
      case PyBytes b -> bytes(b).iterator();
      case Loop l -> l.pairs();
      default -> null;
    };
  }

  static Iterator<Object> iterate(Object value) {
    Iterator<Object> i = tryIterate(value);
    if (i == null) {
      throw JinjaException.type(Repr.quote(Types.name(value)) + " object is not iterable");
    }
    return i;
  }

  /** All items of {@code value}, in a list of its own. */
  static List<Object> list(Object value, Runtime rt) {
    if (value instanceof Seq s) {
      rt.reserveEntries(s.items.size());
      return new ArrayList<>(s.items);
    }
    List<Object> items = new ArrayList<>();
    Iterator<Object> i = iterate(value);
    while (i.hasNext()) {
      rt.reserveEntries(1);
      items.add(i.next());
    }
    return items;
  }

  /** The items backwards, or null where Python's {@code reversed} refuses. */
  static @Nullable Object reversed(Object value, Runtime rt) {
    switch (value) {
      case Seq s -> {
        rt.work(s.items.size());
        return new PyIter(
            s instanceof PyList ? "list_reverseiterator" : "reversed",
            s.items.reversed().iterator());
      }
      case PyDict d -> {
        rt.reserveEntries(d.size());
        return new PyIter("dict_reversekeyiterator", d.keys().reversed().iterator());
      }
      case PyView v -> {
        rt.reserveEntries(v.dict().size());
        return new PyIter(
            "dict_reverse" + v.kind().type.substring(5, v.kind().type.length() - 1) + "iterator",
            v.list().reversed().iterator());
      }
      case PyRange r -> {
        rt.reserveEntries(r.size());
        List<Object> all = new ArrayList<>(r.size());
        r.iterator().forEachRemaining(all::add);
        return new PyIter("range_iterator", all.reversed().iterator());
      }
      case Undefined u -> {
        return new PyIter("reversed", Collections.emptyIterator());
      }
      case String s -> {
        return new PyIter("reversed", list(s, rt).reversed().iterator());
      }
      case Markup m -> {
        return new PyIter("reversed", list(m, rt).reversed().iterator());
      }
      default -> {
        return null;
      }
    }
  }

  private static Iterator<Object> characters(String s) {
    return new Iterator<>() {
      private int next;

      @Override
      public boolean hasNext() {
        return next < s.length();
      }

      @Override
      public Object next() {
        int c = s.codePointAt(next);
        next += Character.charCount(c);
        return Character.toString(c);
      }
    };
  }

  private static List<Object> bytes(PyBytes b) {
    List<Object> all = new ArrayList<>(b.bytes.length);
    for (byte x : b.bytes) {
      all.add((long) (x & 0xff));
    }
    return all;
  }

  /** The parts of {@code value} for {@code count} targets. */
  static List<Object> unpack(Object value, int count, Runtime rt) {
    Iterator<Object> i = tryIterate(value);
    if (i == null) {
      throw JinjaException.type("cannot unpack non-iterable " + Types.name(value) + " object");
    }
    List<Object> items = new ArrayList<>(count);
    while (i.hasNext()) {
      rt.step();
      if (items.size() == count) {
        throw JinjaException.value("too many values to unpack (expected " + count + ")");
      }
      items.add(i.next());
    }
    if (items.size() < count) {
      throw JinjaException.value(
          "not enough values to unpack (expected " + count + ", got " + items.size() + ")");
    }
    return items;
  }
}
