package dev.peft4j.chat.jinja;

import java.util.ArrayList;
import java.util.List;

/** Python's {@code pprint.pformat}: on one line what fits, with the keys of dicts in order. */
final class PrettyPrint {
  private static final int WIDTH = 80;

  private PrettyPrint() {}

  static String format(Object value, Runtime rt) {
    StringBuilder out = new StringBuilder();
    write(value, out, 0, 0, rt, 0);
    return rt.made(out.toString());
  }

  private static Object sorted(Object value, Runtime rt, int depth) {
    Runtime.nesting(depth);
    switch (value) {
      case PyDict d -> {
        PyDict copy = new PyDict();
        for (Object pair : ordered(d, rt)) {
          List<Object> kv = ((PyTuple) pair).items;
          copy.put(kv.get(0), sorted(kv.get(1), rt, depth + 1));
        }
        return copy;
      }
      case Seq s -> {
        rt.reserveEntries(s.items.size());
        List<Object> items = new ArrayList<>(s.items.size());
        s.items.forEach(i -> items.add(sorted(i, rt, depth + 1)));
        return s.like(items);
      }
      default -> {
        return value;
      }
    }
  }

  private static List<Object> ordered(PyDict d, Runtime rt) {
    rt.reserveEntries(d.size());
    List<Object> items = d.items();
    try {
      Sort.sort(items, p -> ((PyTuple) p).items.getFirst(), false, rt);
    } catch (JinjaException e) {
      if (!e.type().equals("TypeError")) {
        throw e;
      }
      Sort.sort(items, p -> Types.name(((PyTuple) p).items.getFirst()), false, rt);
    }
    return items;
  }

  private static void write(
      Object value, StringBuilder out, int indent, int behind, Runtime rt, int depth) {
    Runtime.nesting(depth);
    String line = Repr.repr(sorted(value, rt, depth), rt);
    boolean container = value instanceof PyDict || value instanceof Seq;
    if (!container || line.length() <= WIDTH - indent - behind || Types.length(value) == 0) {
      out.append(line);
      return;
    }
    if (value instanceof PyDict d) {
      out.append('{');
      List<Object> items = ordered(d, rt);
      for (int i = 0; i < items.size(); i++) {
        List<Object> kv = ((PyTuple) items.get(i)).items;
        String key = Repr.repr(kv.get(0), rt);
        boolean last = i + 1 == items.size();
        out.append(key).append(": ");
        write(kv.get(1), out, indent + key.length() + 3, last ? behind + 1 : 1, rt, depth + 1);
        if (!last) {
          out.append(",\n").append(Str.repeat(" ", indent + 1, rt));
        }
      }
      out.append('}');
      return;
    }
    List<Object> items = ((Seq) value).items;
    String close = value instanceof PyList ? "]" : items.size() == 1 ? ",)" : ")";
    out.append(value instanceof PyList ? '[' : '(');
    for (int i = 0; i < items.size(); i++) {
      boolean last = i + 1 == items.size();
      write(items.get(i), out, indent + 1, last ? behind + close.length() : 1, rt, depth + 1);
      if (!last) {
        out.append(",\n").append(Str.repeat(" ", indent + 1, rt));
      }
    }
    out.append(close);
  }
}
