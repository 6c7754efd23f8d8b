package dev.peft4j.chat.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@code loop} is in a loop. */
final class Loop implements Callable {
  /** The body of a recursive loop. */
  interface Recursion {
    String run(Object iterable, int depth0);
  }

  private final @Nullable Recursion recursion;
  private final int depth0;
  private final Runtime rt;
  private Iterator<Object> iterator;
  private int length;
  private int index0 = -1;
  private @Nullable Object before;
  private @Nullable Object current;
  private @Nullable Object after;
  private @Nullable List<Object> changed;

  Loop(Object iterable, @Nullable Recursion recursion, int depth0, Runtime rt) {
    this.iterator = Iters.iterate(iterable);
    this.length = iterable instanceof PyIter ? -1 : Types.lengthOf(iterable);
    this.recursion = recursion;
    this.depth0 = depth0;
    this.rt = rt;
  }

  boolean hasNext() {
    return after != null || iterator.hasNext();
  }

  Object next() {
    Object item = after == null ? iterator.next() : after;
    after = null;
    index0++;
    before = current;
    current = item;
    return item;
  }

  private @Nullable Object peek() {
    if (after == null && iterator.hasNext()) {
      after = iterator.next();
    }
    return after;
  }

  int length() {
    if (length < 0) {
      List<Object> rest = new ArrayList<>();
      while (iterator.hasNext()) {
        rt.reserveEntries(1);
        rest.add(iterator.next());
      }
      iterator = rest.iterator();
      length = rest.size() + index() + (after == null ? 0 : 1);
    }
    return length;
  }

  int index() {
    return index0 + 1;
  }

  Iterator<Object> pairs() {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return Loop.this.hasNext();
      }

      @Override
      public Object next() {
        return PyTuple.of(Loop.this.next(), Loop.this);
      }
    };
  }

  @Nullable Object attribute(String name) {
    return switch (name) {
      case "index" -> (long) index();
      case "index0" -> (long) index0;
      case "first" -> index0 == 0;
      case "last" -> peek() == null;
      case "length" -> (long) length();
      case "revindex" -> (long) length() - index0;
      case "revindex0" -> (long) length() - index();
      case "depth" -> depth0 + 1L;
      case "depth0" -> (long) depth0;
      case "previtem" ->
          index0 == 0 || before == null ? Undefined.hint("there is no previous item") : before;
      case "nextitem" -> {
        Object next = peek();
        yield next == null ? Undefined.hint("there is no next item") : next;
      }
      case "cycle" ->
          new Members.Bound(
              name,
              this,
              (t, a) -> {
                if (a.positional().isEmpty()) {
                  throw JinjaException.type("no items for cycling given");
                }
                return a.positional().get(Math.floorMod(index0, a.positional().size()));
              });
      case "changed" ->
          new Members.Bound(
              name,
              this,
              (t, a) -> {
                List<Object> now = a.positional();
                boolean same =
                    changed != null
                        && Compare.equal(
                            new PyTuple(changed),
                            new PyTuple(Collections.unmodifiableList(now)),
                            t);
                changed = now;
                return !same;
              });
      default -> null;
    };
  }

  @Override
  public Object call(Runtime t, Args args) {
    @Nullable Object[] v = args.bind("LoopContext.__call__", 1, "iterable");
    if (recursion == null) {
      throw JinjaException.type(
          "The loop must have the 'recursive' marker to be called recursively.");
    }
    return recursion.run(java.util.Objects.requireNonNull(v[0]), depth0 + 1);
  }

  @Override
  public String typeName() {
    return "LoopContext";
  }
}
