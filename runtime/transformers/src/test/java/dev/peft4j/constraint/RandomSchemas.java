package dev.peft4j.constraint;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Random;

/** Schemas of every keyword that is supported, put together at random. */
final class RandomSchemas {
  private static final JsonMapper JSON = new JsonMapper();
  private static final List<String> NAMES =
      List.of("name", "age", "a", "b c", "é", "x\"y", "tags", "日", "na", "");
  private static final List<String> PATTERNS =
      List.of("^[a-z]+$", "\\d{2}", "^(ab|cd)*$", "[^\\x00-\\x20]{2}", "^\\p{L}", "a|b$");
  private static final List<String> FORMATS =
      List.of("date", "time", "date-time", "uuid", "email", "ipv4", "hostname", "uri", "duration");

  private final Random random;
  private final ObjectNode root = JSON.createObjectNode();
  private boolean refers;

  private RandomSchemas(Random random) {
    this.random = random;
  }

  static ObjectNode next(Random random) {
    RandomSchemas r = new RandomSchemas(random);
    r.root.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    r.root.setAll(r.schema(3));
    if (r.refers) {
      ObjectNode defs = r.root.putObject("$defs");
      defs.set("leaf", r.schema(1));
      ObjectNode tree = defs.putObject("tree");
      tree.put("type", "object").putArray("required").add("value");
      ObjectNode p = tree.putObject("properties");
      p.putObject("value").put("type", "integer").put("minimum", r.random.nextInt(5));
      p.putObject("children")
          .put("type", "array")
          .put("maxItems", 3)
          .putObject("items")
          .put("$ref", "#/$defs/tree");
      tree.put("additionalProperties", false);
    }
    return r.root;
  }

  private ObjectNode schema(int depth) {
    ObjectNode s = JSON.createObjectNode();
    if (random.nextInt(6) == 0) {
      s.put("description", "a part of the test").put("default", 1);
    }
    return switch (random.nextInt(depth > 0 ? 16 : 8)) {
      case 0 -> s.put("type", "boolean");
      case 1 -> values(s);
      case 2, 3 -> number(s);
      case 4, 5, 6 -> text(s);
      case 7 -> {
        s.putArray("type").add("null").add(random.nextBoolean() ? "string" : "integer");
        yield s;
      }
      case 8, 9 -> array(s, depth);
      case 10 -> combined(s, depth);
      case 11 -> {
        refers = true;
        yield s.put("$ref", "#/$defs/" + (random.nextBoolean() ? "tree" : "leaf"));
      }
      case 12 -> {
        s.putObject("not").put("type", "string");
        yield s;
      }
      default -> object(s, depth);
    };
  }

  private ObjectNode values(ObjectNode s) {
    if (random.nextInt(3) == 0) {
      s.putObject("const").put("k\\", 1.5).putArray("list").add("a").addNull().add(true);
      return s;
    }
    ArrayNode list = s.putArray("enum");
    list.add("red").add("gr\"een\n").add("日本").add(random.nextInt(100)).add(-2.75);
    if (random.nextBoolean()) {
      list.addNull().add(false).addObject().put("x", "y");
    }
    return s;
  }

  private ObjectNode number(ObjectNode s) {
    boolean whole = random.nextBoolean();
    s.put("type", whole ? "integer" : "number");
    int from = random.nextInt(400) - 200;
    if (random.nextBoolean()) {
      if (whole || random.nextBoolean()) {
        s.put(random.nextBoolean() ? "minimum" : "exclusiveMinimum", from);
      } else {
        s.put(random.nextBoolean() ? "minimum" : "exclusiveMinimum", from + 0.125);
      }
    }
    if (random.nextBoolean()) {
      s.put(random.nextBoolean() ? "maximum" : "exclusiveMaximum", from + 3 + random.nextInt(1000));
    }
    if (random.nextInt(4) == 0) {
      s.put("multipleOf", whole ? 1 + random.nextInt(3) : 0.25);
    }
    return s;
  }

  private ObjectNode text(ObjectNode s) {
    s.put("type", "string");
    switch (random.nextInt(5)) {
      case 0 -> s.put("pattern", PATTERNS.get(random.nextInt(PATTERNS.size())));
      case 1 -> s.put("format", FORMATS.get(random.nextInt(FORMATS.size())));
      case 2 -> {
        int min = random.nextInt(4);
        s.put("minLength", min).put("maxLength", min + random.nextInt(4));
      }
      case 3 -> s.put("pattern", "^[a-z é]*$").put("minLength", 2).put("maxLength", 6);
      default -> {}
    }
    return s;
  }

  private ObjectNode array(ObjectNode s, int depth) {
    s.put("type", "array");
    int min = random.nextInt(3);
    if (random.nextBoolean()) {
      s.put("minItems", min);
    }
    if (random.nextInt(3) > 0) {
      s.put("maxItems", min + random.nextInt(3));
    }
    if (random.nextInt(3) == 0) {
      s.putArray("prefixItems").add(schema(depth - 1)).add(schema(depth - 1));
    }
    if (random.nextInt(4) > 0) {
      s.set("items", schema(depth - 1));
    }
    return s;
  }

  private ObjectNode object(ObjectNode s, int depth) {
    s.put("type", "object");
    ObjectNode properties = s.putObject("properties");
    ArrayNode required = s.putArray("required");
    for (int n = random.nextInt(4); n > 0; n--) {
      String name = NAMES.get(random.nextInt(NAMES.size()));
      properties.set(name, schema(depth - 1));
      if (random.nextBoolean()
          && !required.toString().contains(JSON.getNodeFactory().textNode(name).toString())) {
        required.add(name);
      }
    }
    switch (random.nextInt(6)) {
      case 0 -> s.put("additionalProperties", false);
      case 1 -> s.put("additionalProperties", true);
      case 2 -> s.set("additionalProperties", schema(0));
      case 3 -> {
        s.putObject("patternProperties").set("^x", schema(0));
        s.putObject("propertyNames").put("maxLength", 8);
        properties.retain(List.of());
        required.removeAll();
      }
      default -> {}
    }
    if (random.nextInt(5) == 0) {
      s.put("maxProperties", Math.max(required.size(), 2));
    }
    return s;
  }

  private ObjectNode combined(ObjectNode s, int depth) {
    switch (random.nextInt(4)) {
      case 0 -> s.putArray("anyOf").add(schema(depth - 1)).add(schema(depth - 1));
      case 1 -> {
        ArrayNode one = s.putArray("oneOf");
        one.addObject().put("type", "integer").put("maximum", 5);
        one.addObject().put("type", "number").put("minimum", 2); // 2 to 5: both, if whole
        one.addObject().put("type", "string").put("pattern", "^a");
        one.addObject().put("type", "string").put("minLength", 3);
      }
      case 2 -> {
        ArrayNode one = s.putArray("oneOf");
        for (String kind : List.of("cat", "dog")) {
          ObjectNode o = one.addObject().put("type", "object");
          o.putObject("properties").set("kind", JSON.createObjectNode().put("const", kind));
          ((ObjectNode) o.get("properties")).set(kind + "s", schema(depth - 1));
          o.putArray("required").add("kind");
        }
      }
      default -> {
        ArrayNode all = s.putArray("allOf");
        all.add(object(JSON.createObjectNode(), depth - 1).put("maxProperties", 9));
        ObjectNode more = all.addObject();
        more.putObject("properties").putObject("more").put("type", "boolean");
        more.putArray("required").add("more");
        ((ObjectNode) all.get(0)).remove("additionalProperties");
        ((ObjectNode) all.get(0)).remove("propertyNames");
      }
    }
    return s;
  }
}
