package dev.peft4j.constraint;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The grammar of the JSON that is valid under a schema: properties in the order in which they are
 * listed, a blank or a line with its indentation between the parts.
 */
final class SchemaGrammar {
  private static final int INDENTATION = 32;
  private static final int MAX_ARRAY = 4_096;

  private final SchemaReader reader;
  private final GrammarBuilder out;
  private final Map<Goal, Integer> rules = new LinkedHashMap<>();
  private final ArrayDeque<Goal> open = new ArrayDeque<>();
  private final Map<Dfa, Integer> texts = new HashMap<>();
  private final int indentation;

  private SchemaGrammar(SchemaReader reader, CodePoints writable) {
    this.reader = reader;
    this.out = new GrammarBuilder(writable);
    this.indentation = out.state();
    int at = indentation;
    for (int i = 0; i <= INDENTATION; i++) {
      out.end(at);
      at = i == INDENTATION ? at : out.text(at, " ");
    }
  }

  static Grammar of(JsonNode schema, CodePoints writable) {
    SchemaReader reader = new SchemaReader(schema);
    SchemaGrammar g = new SchemaGrammar(reader, writable);
    int start = g.rule(Goal.of(reader.root()));
    while (!g.open.isEmpty()) {
      Goal goal = g.open.remove();
      g.write(g.rule(goal), reader.read(goal));
    }
    return g.out.build(start);
  }

  private int rule(Goal goal) {
    Integer known = rules.get(goal);
    if (known == null) {
      known = out.state();
      rules.put(goal, known);
      open.add(goal);
    }
    return known;
  }

  private void write(int start, Values values) {
    if (values.nothing()) {
      out.end(out.text(start, "null"));
    }
    if (values.yes()) {
      out.end(out.text(start, "true"));
    }
    if (values.no()) {
      out.end(out.text(start, "false"));
    }
    Dfa numbers = NumberTexts.written(values.numbers());
    if (!numbers.isEmpty()) {
      out.end(out.texts(start, numbers, false));
    }
    if (!values.texts().isEmpty()) {
      out.end(text(start, values.texts()));
    }
    values.arrays().forEach(a -> array(start, a));
    values.objects().forEach(o -> object(start, o));
  }

  /** Adds a string; one of many texts is a rule of its own, since it is large. */
  private int text(int from, Dfa content) {
    if (content.size() > 8) {
      return quoted(from, content);
    }
    int rule =
        texts.computeIfAbsent(
            content,
            t -> {
              int start = out.state();
              out.end(quoted(start, t));
              return start;
            });
    return out.call(from, rule);
  }

  private int quoted(int from, Dfa content) {
    return out.text(out.texts(out.text(from, "\""), content, true), "\"");
  }

  /** Adds a place where a line may end, or a blank stand. */
  private int gap(int from) {
    int to = out.text(from, " ");
    out.free(from, to);
    out.free(out.call(out.text(from, "\n"), indentation), to);
    return to;
  }

  private int colon(int from) {
    int behind = out.text(from, ":");
    int to = out.text(behind, " ");
    out.free(behind, to);
    return to;
  }

  private void array(int start, ArrayShape shape) {
    int max = shape.max() < 0 ? -1 : Math.min(shape.max(), MAX_ARRAY);
    int distinct = Math.max(shape.first().size(), Math.max(shape.min(), 1));
    int last = max < 0 ? distinct : max; // further ones are as the last
    if (max >= 0 && shape.min() > max) {
      return;
    }
    int inside = out.text(start, "[");
    if (shape.min() == 0) {
      out.end(out.text(inside, "]"));
    }
    int at = gap(inside);
    int close = out.state();
    out.end(out.text(gap(close), "]"));
    for (int i = 0; i < last; i++) {
      int element = out.call(at, rule(shape.element(i)));
      if (i + 1 >= shape.min()) {
        out.free(element, close);
      }
      at = gap(out.text(element, ","));
      if (i + 1 == last && max < 0) {
        int loop = out.call(at, rule(shape.element(last)));
        out.free(loop, close);
        out.free(gap(out.text(loop, ",")), at);
      }
    }
  }

  /** Where an object is: the next listed property, and how many there are. */
  private record Spot(int next, int count, boolean others) {}

  private void object(int start, ObjectShape shape) {
    List<String> listed = new ArrayList<>();
    for (String name : shape.listed()) {
      if (!isNever(shape.goal(name))) {
        listed.add(name);
      } else if (shape.required().contains(name)) {
        return;
      }
    }
    List<ObjectShape.Named> others = new ArrayList<>(shape.others());
    others.removeIf(o -> isNever(o.goal()));
    new ObjectWriter(shape, listed, others).write(start);
  }

  private boolean isNever(Goal goal) {
    return goal.schemas().contains(Schema.never());
  }

  /** The properties of an object, one after the other. */
  private final class ObjectWriter {
    private final ObjectShape shape;
    private final List<String> listed;
    private final List<ObjectShape.Named> others;
    private final int enough;
    private final Map<Spot, Integer> states = new HashMap<>();
    private final ArrayDeque<Spot> todo = new ArrayDeque<>();

    ObjectWriter(ObjectShape shape, List<String> listed, List<ObjectShape.Named> others) {
      this.shape = shape;
      this.listed = listed;
      this.others = others;
      // beyond that many, their number no longer matters
      this.enough = Math.max(1, shape.max() < 0 ? shape.min() : shape.max());
      if (shape.min() > listed.size() + 1 && !others.isEmpty()) {
        throw new ConstraintException(
            "the schema",
            "has minProperties "
                + shape.min()
                + " and lists "
                + listed.size()
                + ": that many others, all different, are not supported");
      }
    }

    void write(int start) {
      int inside = out.text(start, "{");
      out.free(inside, state(new Spot(0, 0, false)));
      while (!todo.isEmpty()) {
        Spot spot = todo.remove();
        int at = state(spot);
        if (spot.next < listed.size()) {
          listed(spot, at);
        } else {
          others(spot, at);
        }
      }
    }

    private int state(Spot spot) {
      Integer known = states.get(spot);
      if (known == null) {
        known = out.state();
        states.put(spot, known);
        todo.add(spot);
      }
      return known;
    }

    private boolean isFull(Spot spot) {
      return shape.max() >= 0 && spot.count >= shape.max();
    }

    private int comma(Spot spot, int at) {
      return gap(spot.count == 0 ? at : out.text(at, ","));
    }

    private void listed(Spot spot, int at) {
      String name = listed.get(spot.next);
      if (!isFull(spot)) {
        int value = colon(quoted(comma(spot, at), Dfa.of(name)));
        int behind = out.call(value, rule(shape.goal(name)));
        Spot next = new Spot(spot.next + 1, Math.min(enough, spot.count + 1), false);
        out.free(behind, state(next));
      }
      if (!shape.required().contains(name)) {
        out.free(at, state(new Spot(spot.next + 1, spot.count, false)));
      }
    }

    private void others(Spot spot, int at) {
      if (spot.count >= shape.min()) {
        out.end(out.text(spot.count == 0 ? at : gap(at), "}"));
      }
      if (isFull(spot)) {
        return;
      }
      for (ObjectShape.Named other : others) {
        int value = colon(text(comma(spot, at), other.names()));
        int behind = out.call(value, rule(other.goal()));
        // others may have one name twice: only the first of them is sure to be one more
        boolean counts = !spot.others || shape.max() >= 0 && spot.count >= shape.min();
        int count = counts ? Math.min(enough, spot.count + 1) : spot.count;
        out.free(behind, state(new Spot(spot.next, count, true)));
      }
    }
  }
}
