package dev.peft4j.constraint;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The values that are valid, by their kind.
 *
 * @param exact whether it is all of them; a format has only some of its texts here
 */
record Values(
    boolean nothing,
    boolean yes,
    boolean no,
    Dfa numbers,
    Dfa texts,
    List<ArrayShape> arrays,
    List<ObjectShape> objects,
    boolean exact) {
  static final Values ANY =
      new Values(
          true,
          true,
          true,
          NumberTexts.ALL,
          Dfa.ALL,
          List.of(ArrayShape.ANY),
          List.of(ObjectShape.ANY),
          true);
  static final Values NONE =
      new Values(false, false, false, Dfa.NONE, Dfa.NONE, List.of(), List.of(), true);

  private static final int MAX_SHAPES = 500;

  /** Returns one value. */
  static Values of(Schema constant) {
    JsonNode v = constant.json();
    if (v.isNull()) {
      return new Values(true, false, false, Dfa.NONE, Dfa.NONE, List.of(), List.of(), true);
    }
    if (v.isBoolean()) {
      boolean b = v.booleanValue();
      return new Values(false, b, !b, Dfa.NONE, Dfa.NONE, List.of(), List.of(), true);
    }
    if (v.isNumber()) {
      return NONE.withNumbers(NumberTexts.of(v.decimalValue()));
    }
    if (v.isTextual()) {
      return NONE.withTexts(Dfa.of(v.textValue()), true);
    }
    if (v.isArray()) {
      List<Goal> elements = new ArrayList<>();
      for (int i = 0; i < v.size(); i++) {
        elements.add(Goal.of(Schema.constant(constant.pointer() + "/" + i, v.get(i))));
      }
      return NONE.withArrays(
          List.of(new ArrayShape(elements, Goal.of(Schema.never()), v.size(), v.size())));
    }
    Map<String, Goal> properties = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> e : v.properties()) {
      properties.put(
          e.getKey(),
          Goal.of(
              Schema.constant(
                  constant.pointer() + "/" + Schema.escaped(e.getKey()), e.getValue())));
    }
    ObjectShape.Layer layer = new ObjectShape.Layer(properties, List.of(), Goal.of(Schema.never()));
    return NONE.withObjects(
        List.of(new ObjectShape(List.of(layer), properties.keySet(), Dfa.ALL, 0, -1)));
  }

  Values withNumbers(Dfa n) {
    return new Values(nothing, yes, no, n, texts, arrays, objects, exact);
  }

  Values withTexts(Dfa t, boolean all) {
    return new Values(nothing, yes, no, numbers, t, arrays, objects, exact && all);
  }

  Values withArrays(List<ArrayShape> a) {
    return new Values(nothing, yes, no, numbers, texts, a, objects, exact);
  }

  Values withObjects(List<ObjectShape> o) {
    return new Values(nothing, yes, no, numbers, texts, arrays, o, exact);
  }

  Values and(Values o) {
    List<ArrayShape> a = new ArrayList<>();
    for (ArrayShape x : arrays) {
      o.arrays.forEach(y -> a.add(x.and(y)));
    }
    List<ObjectShape> b = new ArrayList<>();
    for (ObjectShape x : objects) {
      o.objects.forEach(y -> b.add(x.and(y)));
    }
    return new Values(
            nothing && o.nothing,
            yes && o.yes,
            no && o.no,
            numbers == o.numbers ? numbers : numbers.and(o.numbers),
            texts == Dfa.ALL ? o.texts : o.texts == Dfa.ALL ? texts : texts.and(o.texts),
            List.copyOf(a),
            List.copyOf(b),
            exact && o.exact)
        .requireFew();
  }

  Values or(Values o) {
    List<ArrayShape> a = new ArrayList<>(arrays);
    a.addAll(o.arrays);
    List<ObjectShape> b = new ArrayList<>(objects);
    b.addAll(o.objects);
    return new Values(
            nothing || o.nothing,
            yes || o.yes,
            no || o.no,
            numbers.or(o.numbers),
            texts.or(o.texts),
            a.stream().distinct().toList(),
            b.stream().distinct().toList(),
            exact && o.exact)
        .requireFew();
  }

  private Values requireFew() {
    if (arrays.size() + objects.size() > MAX_SHAPES) {
      throw new ConstraintException(
          "the schema", "combines alternatives in more than " + MAX_SHAPES + " ways");
    }
    return this;
  }

  /**
   * Returns all other values.
   *
   * @throws ConstraintException if that cannot be said here
   */
  Values not(Schema where, String key) {
    if (!exact) {
      throw where.wrong(key, "negates a format, which is not supported");
    }
    boolean hasArrays = !arrays.isEmpty();
    boolean hasObjects = !objects.isEmpty();
    if (hasArrays && !arrays.contains(ArrayShape.ANY)
        || hasObjects && !objects.contains(ObjectShape.ANY)) {
      throw where.wrong(
          key, "negates what an array or object holds, which is not supported; types are");
    }
    return new Values(
        !nothing,
        !yes,
        !no,
        NumberTexts.ALL.minus(numbers),
        texts.not(),
        hasArrays ? List.of() : List.of(ArrayShape.ANY),
        hasObjects ? List.of() : List.of(ObjectShape.ANY),
        true);
  }

  /** Returns these without other ones; arrays and objects stay. */
  Values withoutScalars(Values o) {
    return new Values(
        nothing && !o.nothing,
        yes && !o.yes,
        no && !o.no,
        numbers.minus(o.numbers),
        texts.minus(o.texts),
        arrays,
        objects,
        exact && o.exact);
  }
}
