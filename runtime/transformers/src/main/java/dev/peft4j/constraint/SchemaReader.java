package dev.peft4j.constraint;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The keywords of JSON Schema (2020-12, and what older drafts call otherwise). */
final class SchemaReader {
  /** What says nothing of which values are valid. */
  private static final Set<String> NOTES =
      Set.of(
          "$schema",
          "$id",
          "id",
          "$anchor",
          "$comment",
          "$defs",
          "definitions",
          "title",
          "description",
          "default",
          "example",
          "examples",
          "deprecated",
          "readOnly",
          "writeOnly",
          "contentEncoding",
          "contentMediaType",
          "contentSchema");

  private static final Set<String> KNOWN =
      Set.of(
          "type",
          "enum",
          "const",
          "minimum",
          "maximum",
          "exclusiveMinimum",
          "exclusiveMaximum",
          "multipleOf",
          "minLength",
          "maxLength",
          "pattern",
          "format",
          "items",
          "prefixItems",
          "additionalItems",
          "minItems",
          "maxItems",
          "uniqueItems",
          "properties",
          "required",
          "additionalProperties",
          "patternProperties",
          "propertyNames",
          "minProperties",
          "maxProperties",
          "dependentRequired",
          "$ref",
          "allOf",
          "anyOf",
          "oneOf",
          "not",
          "if",
          "then",
          "else",
          "nullable");

  /** Formats of numbers that OpenAPI has, and what says nothing about a text's form. */
  private static final Set<String> OTHER_FORMATS =
      Set.of("int32", "int64", "float", "double", "password");

  private static final Values NULL =
      new Values(true, false, false, Dfa.NONE, Dfa.NONE, List.of(), List.of(), true);
  private static final int MAX_COUNT = 4_096;

  private final Schema root;
  private final Map<Goal, Values> known = new HashMap<>();
  private final Set<Schema> reading = new LinkedHashSet<>();
  private final Map<String, Schema> anchors = new HashMap<>();
  private final Disjoint disjoint = new Disjoint(this::read);

  SchemaReader(JsonNode json) {
    this.root = Schema.of("#", json);
    anchors(root, 0);
  }

  Schema root() {
    return root;
  }

  /** Returns the values that are valid under all schemas of a goal. */
  Values read(Goal goal) {
    Values found = known.get(goal);
    if (found == null) {
      found = Values.ANY;
      for (Schema s : goal.schemas()) {
        found = found.and(read(s));
      }
      known.put(goal, found);
    }
    return found;
  }

  private Values read(Schema s) {
    if (s.literal()) {
      return Values.of(s);
    }
    JsonNode json = s.json();
    if (json.isBoolean()) {
      return json.booleanValue() ? Values.ANY : Values.NONE;
    }
    if (!json.isObject()) {
      throw new ConstraintException(
          "the schema at " + s.pointer(), "is " + json + ", expected an object, true or false");
    }
    if (!reading.add(s)) {
      throw new ConstraintException(
          "the schema at " + s.pointer(), "refers to itself without an array or object between");
    }
    requireKnown(s);
    try {
      Values all = types(s).and(values(s));
      all = all.and(numbers(s)).and(new TextKeywords(s).read()).and(arrays(s)).and(objects(s));
      return combined(s, all);
    } finally {
      reading.remove(s);
    }
  }

  private static void requireKnown(Schema s) {
    s.json()
        .fieldNames()
        .forEachRemaining(
            key -> {
              if (!NOTES.contains(key) && !KNOWN.contains(key) && !key.startsWith("x-")) {
                throw s.wrong(
                    key, "is not supported; docs/generation.md lists the keywords that are");
              }
            });
  }

  private static Values types(Schema s) {
    JsonNode type = s.json().path("type");
    if (type.isMissingNode()) {
      return Values.ANY;
    }
    Values all = Values.NONE;
    for (JsonNode t : type.isArray() ? type : List.of(type)) {
      all = all.or(type(s, t));
    }
    return s.json().path("nullable").asBoolean() ? all.or(NULL) : all;
  }

  private static Values type(Schema s, JsonNode name) {
    Values v = type(name.asText());
    if (v == null) {
      throw s.wrong(
          "type",
          "is " + name + ", expected null, boolean, integer, number, string, array or object");
    }
    return v;
  }

  private static @Nullable Values type(String name) {
    Values n = Values.NONE;
    return switch (name) {
      case "null" -> NULL;
      case "boolean" ->
          new Values(false, true, true, n.numbers(), n.texts(), List.of(), List.of(), true);
      case "number" -> n.withNumbers(NumberTexts.ALL);
      case "integer" -> n.withNumbers(NumberTexts.WHOLE);
      case "string" -> n.withTexts(Dfa.ALL, true);
      case "array" -> n.withArrays(List.of(ArrayShape.ANY));
      case "object" -> n.withObjects(List.of(ObjectShape.ANY));
      default -> null;
    };
  }

  private static Values values(Schema s) {
    Values all = Values.ANY;
    if (s.json().has("const")) {
      all = Values.of(Schema.constant(s.pointer() + "/const", s.json().get("const")));
    }
    if (s.json().has("enum")) {
      JsonNode list = s.json().get("enum");
      if (!list.isArray() || list.isEmpty()) {
        throw s.wrong("enum", "is " + list + ", expected a list of values");
      }
      List<Regex> texts = new ArrayList<>();
      list.forEach(
          v -> {
            if (v.isTextual()) {
              texts.add(Regex.text(v.textValue()));
            }
          });
      Dfa strings = texts.isEmpty() ? Dfa.NONE : Nfa.whole(new Regex.Choice(texts), s.pointer());
      Values any = Values.NONE.withTexts(strings, true);
      for (int i = 0; i < list.size(); i++) {
        if (list.get(i).isTextual()) {
          continue;
        }
        any = any.or(Values.of(Schema.constant(s.pointer() + "/enum/" + i, list.get(i))));
      }
      all = all.and(any);
    }
    return all;
  }

  private static @Nullable BigDecimal number(Schema s, String key) {
    JsonNode n = s.json().path(key);
    if (n.isMissingNode()) {
      return null;
    }
    if (!n.isNumber() || n.isFloatingPointNumber() && !Double.isFinite(n.doubleValue())) {
      throw s.wrong(key, "is " + n + ", expected a number");
    }
    BigDecimal value = n.decimalValue();
    if (value.precision() - value.scale() > 25 || value.scale() > 25) {
      throw s.wrong(key, "is " + n + ", expected at most 25 digits before and behind the point");
    }
    return value;
  }

  private static Values numbers(Schema s) {
    Dfa all = NumberTexts.ALL;
    for (boolean above : new boolean[] {true, false}) {
      String inclusive = above ? "minimum" : "maximum";
      String exclusive = above ? "exclusiveMinimum" : "exclusiveMaximum";
      BigDecimal bound = number(s, inclusive);
      boolean old = s.json().path(exclusive).isBoolean(); // as in draft 4
      if (bound != null) {
        boolean equal = !(old && s.json().path(exclusive).booleanValue());
        all = all.and(NumberTexts.bounded(bound, above, equal));
      }
      BigDecimal open = old ? null : number(s, exclusive);
      if (open != null) {
        all = all.and(NumberTexts.bounded(open, above, false));
      }
    }
    BigDecimal of = number(s, "multipleOf");
    if (of != null) {
      if (of.signum() <= 0) {
        throw s.wrong("multipleOf", "is " + of + ", expected a number above 0");
      }
      all = all.and(NumberTexts.multiples(of, "the schema at " + s.pointer() + "/multipleOf"));
    }
    return Values.ANY.withNumbers(all);
  }

  /** Returns a count; -1 if it is not set. */
  static int count(Schema s, String key) {
    JsonNode n = s.json().path(key);
    if (n.isMissingNode()) {
      return -1;
    }
    boolean whole = n.isNumber() && n.decimalValue().stripTrailingZeros().scale() <= 0;
    if (!whole || n.decimalValue().signum() < 0) {
      throw s.wrong(key, "is " + n + ", expected a whole number from 0");
    }
    boolean least = key.startsWith("min");
    if (least && n.decimalValue().compareTo(BigDecimal.valueOf(MAX_COUNT)) > 0) {
      throw s.wrong(key, "is " + n + ", more than " + MAX_COUNT + ", which is not supported");
    }
    return n.decimalValue().min(BigDecimal.valueOf(MAX_COUNT)).intValue();
  }

  private static Values arrays(Schema s) {
    JsonNode json = s.json();
    boolean tuple = json.path("items").isArray(); // as in older drafts
    String list = tuple ? "items" : "prefixItems";
    List<Goal> first = new ArrayList<>();
    if (json.has(list)) {
      if (!json.get(list).isArray()) {
        throw s.wrong(list, "is " + json.get(list) + ", expected a list of schemas");
      }
      for (int i = 0; i < json.get(list).size(); i++) {
        first.add(Goal.of(s.at(list, i)));
      }
    }
    String others = tuple ? "additionalItems" : "items";
    Goal rest = json.has(others) ? Goal.of(s.at(others)) : Goal.ANY;
    int max = count(s, "maxItems");
    if (json.path("uniqueItems").asBoolean() && max != 0 && max != 1) {
      throw s.wrong("uniqueItems", "is true, which is not supported");
    }
    return Values.ANY.withArrays(
        List.of(new ArrayShape(first, rest, Math.max(0, count(s, "minItems")), max)));
  }

  private Values objects(Schema s) {
    JsonNode json = s.json();
    Map<String, Goal> properties = new LinkedHashMap<>();
    fields(s, "properties")
        .forEach(name -> properties.put(name, Goal.of(s.at("properties", name))));
    List<ObjectShape.Named> patterns = new ArrayList<>();
    for (String pattern : fields(s, "patternProperties")) {
      String where = "the schema at " + s.pointer() + "/patternProperties";
      Dfa names = Nfa.anywhere(RegexReader.read(pattern, where, false), where);
      patterns.add(new ObjectShape.Named(names, Goal.of(s.at("patternProperties", pattern))));
    }
    Goal others = json.has("additionalProperties") ? Goal.of(s.at("additionalProperties")) : null;
    Dfa names = Dfa.ALL;
    if (json.has("propertyNames")) {
      names = read(Goal.of(s.at("propertyNames"))).texts();
    }
    Set<String> required = new LinkedHashSet<>(names(s, "required", json.path("required")));
    List<ObjectShape.Layer> layers =
        properties.isEmpty() && patterns.isEmpty() && others == null
            ? List.of()
            : List.of(new ObjectShape.Layer(properties, patterns, others));
    ObjectShape shape =
        new ObjectShape(
            layers,
            required,
            names,
            Math.max(0, count(s, "minProperties")),
            count(s, "maxProperties"));
    Values all = Values.ANY.withObjects(List.of(shape));
    for (String name : fields(s, "dependentRequired")) {
      List<String> also = names(s, "dependentRequired", json.get("dependentRequired").get(name));
      ObjectShape with =
          new ObjectShape(List.of(), new LinkedHashSet<>(also), Dfa.ALL, 0, -1)
              .and(new ObjectShape(List.of(), Set.of(name), Dfa.ALL, 0, -1));
      ObjectShape without =
          new ObjectShape(List.of(), Set.of(), Dfa.ALL.minus(Dfa.of(name)), 0, -1);
      all = all.and(Values.ANY.withObjects(List.of(without, with)));
    }
    return all;
  }

  private static List<String> fields(Schema s, String key) {
    JsonNode object = s.json().path(key);
    if (object.isMissingNode()) {
      return List.of();
    }
    if (!object.isObject()) {
      throw s.wrong(key, "is " + object + ", expected an object");
    }
    List<String> all = new ArrayList<>();
    object.fieldNames().forEachRemaining(all::add);
    return all;
  }

  private static List<String> names(Schema s, String key, JsonNode list) {
    List<String> all = new ArrayList<>();
    for (JsonNode name : list) {
      if (!name.isTextual()) {
        throw s.wrong(key, "holds " + name + ", expected names of properties");
      }
      all.add(name.textValue());
    }
    if (!list.isMissingNode() && !list.isArray()) {
      throw s.wrong(key, "is " + list + ", expected a list of names");
    }
    return all;
  }

  private Values combined(Schema s, Values own) {
    JsonNode json = s.json();
    Values all = own;
    if (json.has("$ref")) {
      all = all.and(read(target(s)));
    }
    for (Schema part : parts(s, "allOf")) {
      all = all.and(read(part));
    }
    List<Schema> any = parts(s, "anyOf");
    if (!any.isEmpty()) {
      Values union = Values.NONE;
      for (Schema part : any) {
        union = union.or(read(part));
      }
      all = all.and(union);
    }
    List<Schema> one = parts(s, "oneOf");
    if (!one.isEmpty()) {
      List<Values> each = new ArrayList<>();
      for (Schema part : one) {
        each.add(own.and(read(part)));
      }
      all = all.and(exactlyOne(s, each));
    }
    if (json.has("not")) {
      all = all.and(read(s.at("not")).not(s, "not"));
    }
    if (json.has("if")) {
      Values condition = read(s.at("if"));
      Values then = json.has("then") ? read(s.at("then")) : Values.ANY;
      Values otherwise = json.has("else") ? read(s.at("else")) : Values.ANY;
      all = all.and(condition.and(then).or(condition.not(s, "if").and(otherwise)));
    }
    return all;
  }

  private Values exactlyOne(Schema s, List<Values> each) {
    int[] both = disjoint.overlap(each);
    if (both.length > 0) {
      throw s.wrong(
          "oneOf",
          "has alternatives "
              + both[0]
              + " and "
              + both[1]
              + " under which the same arrays or objects may be valid: use anyOf, or a property"
              + " whose values differ");
    }
    Values all = Values.NONE;
    for (int i = 0; i < each.size(); i++) {
      Values own = each.get(i);
      for (int j = 0; j < each.size(); j++) {
        Values other = each.get(j);
        if (i != j) {
          if (!other.exact() && !own.texts().isEmpty() && !other.texts().isEmpty()) {
            throw s.wrong("oneOf", "has a format in one of several texts; use anyOf");
          }
          own = own.withoutScalars(other);
        }
      }
      all = all.or(own);
    }
    return all;
  }

  private static List<Schema> parts(Schema s, String key) {
    if (!s.json().has(key)) {
      return List.of();
    }
    if (!s.json().get(key).isArray() || s.json().get(key).isEmpty()) {
      throw s.wrong(key, "is " + s.json().get(key) + ", expected a list of schemas");
    }
    List<Schema> all = new ArrayList<>();
    for (int i = 0; i < s.json().get(key).size(); i++) {
      all.add(s.at(key, i));
    }
    return all;
  }

  private void anchors(Schema s, int depth) {
    if (depth > 200) {
      throw new ConstraintException(
          "the schema at " + s.pointer(), "is nested more than 200 times");
    }
    JsonNode anchor = s.json().path("$anchor");
    if (anchor.isTextual()) {
      anchors.put("#" + anchor.textValue(), s);
    }
    for (Map.Entry<String, JsonNode> e : s.json().properties()) {
      if (e.getValue().isObject()) {
        anchors(s.at(e.getKey()), depth + 1);
      }
      for (int i = 0; e.getValue().isArray() && i < e.getValue().size(); i++) {
        anchors(s.at(e.getKey(), i), depth + 1);
      }
    }
  }

  private Schema target(Schema s) {
    String ref = s.json().get("$ref").asText();
    String id = root.json().path("$id").asText("");
    String local = !id.isEmpty() && ref.startsWith(id) ? ref.substring(id.length()) : ref;
    if (local.isEmpty() || local.equals("#")) {
      return root;
    }
    Schema anchored = anchors.get(local);
    if (anchored != null) {
      return anchored;
    }
    if (!local.startsWith("#/")) {
      throw s.wrong("$ref", "is '" + ref + "'; only references within the schema are supported");
    }
    String path =
        java.net.URLDecoder.decode(
            local.substring(1).replace("+", "%2B"), java.nio.charset.StandardCharsets.UTF_8);
    JsonNode found = root.json().at(path);
    if (found.isMissingNode()) {
      throw s.wrong("$ref", "is '" + ref + "', and there is nothing in the schema");
    }
    return Schema.of("#" + path, found);
  }

  /** The keywords of texts. */
  private record TextKeywords(Schema s) {
    Values read() {
      Dfa all = Dfa.ALL;
      boolean exact = true;
      int min = count(s, "minLength");
      int max = count(s, "maxLength");
      if (min >= 0 || max >= 0) {
        all = Dfa.length(Math.max(0, min), max);
        if (max >= 0 && min > max) {
          all = Dfa.NONE;
        }
      }
      JsonNode pattern = s.json().path("pattern");
      if (!pattern.isMissingNode()) {
        String where = "the schema at " + s.pointer() + "/pattern";
        all = Nfa.anywhere(RegexReader.read(pattern.asText(), where, false), where).and(all);
      }
      JsonNode format = s.json().path("format");
      if (!format.isMissingNode() && !OTHER_FORMATS.contains(format.asText())) {
        Dfa texts = Formats.of(format.asText());
        if (texts == null) {
          throw s.wrong(
              "format", "is " + format + ", which is not supported; these are: " + Formats.names());
        }
        all = texts.and(all);
        exact = false;
      }
      return Values.ANY.withTexts(all, exact);
    }
  }
}
