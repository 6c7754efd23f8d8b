package dev.peft4j.constraint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.peft4j.fuzz.Attack;
import dev.peft4j.transformers.Tokenizer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Texts under a schema are JSON, and valid as a validator of others sees it. */
class JsonSchemaConstraintTest {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();
  private static final JsonMapper REPEATS =
      JSON.rebuild().disable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
  private static final SchemaRegistry VALIDATORS =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

  private static void requireValid(String schema, String text, boolean repeats) throws Exception {
    JsonNode value = (repeats ? REPEATS : JSON).readTree(text);
    var errors =
        VALIDATORS
            .getSchema(JSON.readTree(schema))
            .validate(value, c -> c.executionConfig(e -> e.formatAssertionsEnabled(true)));
    assertThat(errors).as("%s%nunder %s", text, schema).isEmpty();
  }

  @Test
  void twoHundredRandomSchemas() throws Exception {
    List<Tokenizer> tokenizers = SmallTokenizers.all();
    int texts = 0;
    for (int seed = 0; seed < Attack.rounds(200); seed++) {
      Random random = new Random(seed);
      String schema = RandomSchemas.next(random).toString();
      Constraint c = Constraint.jsonSchema(schema);
      for (Tokenizer t : tokenizers) {
        RandomTexts made;
        try {
          made = new RandomTexts(c, t, random);
        } catch (ConstraintException e) {
          assertThat(t).as(schema).isSameAs(tokenizers.get(2)); // it lacks characters
          continue;
        }
        for (int i = 0; i < 3; i++) {
          requireValid(schema, made.next(400), true);
          texts++;
        }
      }
    }
    assertThat(texts).isGreaterThan(1500);
  }

  /** One keyword at a time, with many texts. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '§',
      quoteCharacter = '`',
      textBlock =
          """
          {"type": "integer", "minimum": -5, "maximum": 17}
          {"type": "integer", "exclusiveMinimum": 99, "multipleOf": 7}
          {"type": "number", "minimum": 0.5, "exclusiveMaximum": 0.75}
          {"type": "number", "maximum": -12.345}
          {"type": "number", "minimum": -0.001, "maximum": 0}
          {"type": "number", "multipleOf": 0.05, "minimum": 1}
          {"type": "integer", "minimum": 1e17, "maximum": 123456789012345678901}
          {"type": "string", "minLength": 3, "maxLength": 5}
          {"type": "string", "pattern": "^\\\\d{3}$|x"}
          {"type": "string", "pattern": "a", "minLength": 4, "maxLength": 4}
          {"const": {"b": [1, 2.50, "x\\ty"], "a": null}}
          {"enum": ["a", "ab", 1, 10, null, [], {}]}
          {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 4}
          {"type": "array", "prefixItems": [{"const": 1}, {"const": "x"}], "items": false}
          {"type": "array", "prefixItems": [{"const": 1}], "minItems": 3}
          {"type": "array", "maxItems": 0}
          {"type": "array", "minItems": 1}
          {"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "boolean"}, "c": true}, "minProperties": 2}
          {"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "boolean"}}, "maxProperties": 1}
          {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1, "maxProperties": 2}
          {"type": "object", "properties": {"a": true}, "required": ["a", "z"], "patternProperties": {"^z": {"const": 3}}}
          {"type": "object", "patternProperties": {"a": {"minimum": 3}, "b": {"maximum": 5}}, "additionalProperties": false}
          {"type": "object", "propertyNames": {"pattern": "^[a-c]{2}$"}, "additionalProperties": {"type": "boolean"}}
          {"allOf": [{"type": "object", "properties": {"a": {"minimum": 3}}}, {"properties": {"a": {"maximum": 5, "type": "integer"}}, "required": ["a"]}]}
          {"anyOf": [{"type": "string", "maxLength": 1}, {"type": "array", "items": {"$ref": "#"}, "maxItems": 2}]}
          {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 3}]}
          {"oneOf": [{"type": "object", "required": ["a"], "properties": {"a": {"const": 1}}}, {"type": "object", "required": ["b"], "properties": {"b": {}}, "additionalProperties": false}]}
          {"type": "number", "not": {"type": "integer"}}
          {"type": "string", "not": {"enum": ["", "a", "b"]}, "maxLength": 1}
          {"type": "integer", "if": {"minimum": 10}, "then": {"multipleOf": 5}, "else": {"maximum": 3}}
          {"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "null"}}, "dependentRequired": {"a": ["b"]}}
          {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"v": {"type": "boolean"}, "next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/n"}]}}, "required": ["v", "next"], "additionalProperties": false}}}
          {"$ref": "#x", "$defs": {"y": {"$anchor": "x", "type": "boolean"}}}
          {"type": ["string", "null"], "format": "date-time"}
          {"type": "string", "format": "date"}
          {"type": "string", "format": "email"}
          {"type": "string", "format": "ipv6"}
          {"type": "string", "format": "uri"}
          {"type": "string", "format": "json-pointer"}
          {"type": "string", "format": "duration"}
          {"type": "object", "properties": {"a/b": {"const": 1}, "a~": {"const": {"x/y": 2, "x": {"y": 3}}}}, "required": ["a/b", "a~"]}
          """)
  void eachKeyword(String schema) throws Exception {
    Random random = new Random(schema.hashCode());
    RandomTexts made =
        new RandomTexts(Constraint.jsonSchema(schema), SmallTokenizers.bytes(), random);
    for (int i = 0; i < 100; i++) {
      requireValid(schema, made.next(300), schema.contains("ropert"));
    }
  }

  @Test
  void listedPropertiesComeOnceInTheirOrder() throws Exception {
    String schema =
        """
        {"type": "object", "properties": {"b": {"type": "boolean"}, "a": {"type": "null"}},
         "required": ["a"]}
        """;
    RandomTexts made =
        new RandomTexts(Constraint.jsonSchema(schema), SmallTokenizers.pieces(), new Random(1));
    for (int i = 0; i < 50; i++) {
      String text = made.next(200).replaceAll("\\s", "");
      assertThat(text).matches("\\{(\"b\":(true|false),)?\"a\":null\\}");
    }
  }

  @Test
  void anyJsonObject() throws Exception {
    RandomTexts made =
        new RandomTexts(Constraint.jsonObject(), SmallTokenizers.bytes(), new Random(2));
    for (int i = 0; i < 100; i++) {
      assertThat(REPEATS.readTree(made.next(500)).isObject()).isTrue();
    }
  }

  /** What a model writes itself is allowed: blanks, lines, and the usual escapes. */
  @Test
  void usualSpellingsAreAllowed() {
    Constraint c =
        Constraint.jsonSchema(
            "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"array\"}, \"b\": {}}}");
    for (String text :
        List.of(
            "{}",
            "{\"a\":[],\"b\":{\"x\":1.50}}",
            "{\"a\": [1, -2, \"x\\n\\\"\\\\\"], \"b\": \"é日\"}",
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": null\n}",
            "{ \"b\": true }")) {
      assertThat(accepts(c, text)).as(text).isTrue();
    }
    for (String text :
        List.of("{\"b\": 1, \"a\": []}", "{\"c\": 1}", "{\"a\": 01}", "[]", "{\"a\":[1,]}")) {
      assertThat(accepts(c, text)).as(text).isFalse();
    }
  }

  private static boolean accepts(Constraint c, String text) {
    Machine m = new Machine(c.grammar(CodePoints.ALL));
    Machine.State s = m.start();
    for (byte b : text.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
      s = m.next(s, b & 0xFF);
    }
    return s.isComplete();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"properties": {"a": {"contains": {}}}}                     | #/properties/a/contains is not supported
          {"items": {"type": "text"}}                                 | #/items/type is "text", expected null
          {"properties": {"a": {"$ref": "#/$defs/x"}}}                | #/properties/a/$ref is '#/$defs/x', and there is nothing
          {"$ref": "http://example.org/x"}                            | only references within the schema
          {"$ref": "#"}                                               | refers to itself
          {"anyOf": [{"$ref": "#"}]}                                  | refers to itself
          {"type": "string", "pattern": "(a"}                         | #/pattern, character 2
          {"type": "string", "format": "zip"}                         | #/format is "zip", which is not supported
          {"type": "array", "uniqueItems": true}                      | #/uniqueItems is true
          {"minLength": -1}                                           | #/minLength is -1
          {"enum": []}                                                | #/enum is []
          {"multipleOf": 0}                                           | #/multipleOf is 0
          {"required": "a"}                                           | #/required is "a"
          {"type": "integer", "minimum": 3, "maximum": 2}             | allows no text at all
          {"type": "string", "const": 3}                              | allows no text at all
          {"type": "object", "properties": {"a": false}, "required": ["a"]} | allows no text at all
          {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]} | allows no text at all
          {"oneOf": [{"type": "object"}, {"properties": {"a": {}}}]}  | #/oneOf has alternatives 0 and 1
          {"not": {"properties": {"a": {}}, "type": "object"}}        | #/not negates what an array or object holds
          {"tpye": "string"}                                          | #/tpye is not supported
          {"type": "string"                                           | line 1, is not valid JSON
          "string"                                                    | expected an object, true or false
          """)
  void whatIsWrongIsToldWithItsPlace(String schema, String message) {
    assertThatThrownBy(() -> Constraint.jsonSchema(schema))
        .isInstanceOf(ConstraintException.class)
        .hasMessageContaining(message);
  }
}
