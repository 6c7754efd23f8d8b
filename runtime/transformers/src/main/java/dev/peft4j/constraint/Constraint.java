package dev.peft4j.constraint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.peft4j.transformers.TokenBytes;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A rule for what a model may write: texts that match a regular expression, or JSON that is valid
 * under a schema. While a text is made, only tokens are chosen with which it can still be
 * completed, and it ends only where it is complete.
 *
 * <pre>{@code
 * var config = GenerationConfig.builder().maxNewTokens(100).constraint(Constraint.regex("yes|no")).build();
 * }</pre>
 */
public final class Constraint {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  private final String source;
  private final Function<CodePoints, Grammar> grammar;
  private @Nullable TokenBytes lastTokens;
  private @Nullable TokenMasks lastMasks;

  private Constraint(String source, Function<CodePoints, Grammar> grammar) {
    this.source = source;
    this.grammar = grammar;
    requireTexts(grammar.apply(CodePoints.ALL), "");
  }

  private void requireTexts(Grammar g, String who) {
    if (g.isEmpty()) {
      throw new ConstraintException("the constraint", "allows no text at all" + who);
    }
  }

  /**
   * Returns the texts that a regular expression matches from beginning to end.
   *
   * @param pattern as {@link java.util.regex.Pattern} reads it, but for what no finite automaton
   *     can do: references to groups, looking around, word boundaries, possessive repetition
   * @throws ConstraintException if it is not valid, not supported, or too large
   */
  public static Constraint regex(String pattern) {
    Dfa texts = Nfa.whole(RegexReader.read(pattern, "the expression", true), "the expression");
    return new Constraint(
        pattern,
        writable -> {
          GrammarBuilder b = new GrammarBuilder(writable);
          int start = b.state();
          b.end(b.texts(start, texts, false));
          return b.build(start);
        });
  }

  /**
   * Returns the JSON that is valid under a schema (JSON Schema 2020-12, and what older drafts call
   * otherwise). Properties come in the order in which the schema lists them; those that it does not
   * list are written only if it says {@code additionalProperties}, or lists none.
   *
   * <p>Supported: {@code type}, {@code enum}, {@code const}, {@code properties}, {@code required},
   * {@code additionalProperties}, {@code patternProperties}, {@code propertyNames}, {@code items},
   * {@code prefixItems}, bounds of lengths, counts and numbers, {@code multipleOf}, {@code
   * pattern}, the usual {@code format}s, {@code $ref} within the schema, {@code anyOf}, {@code
   * allOf}, {@code oneOf} of alternatives that differ, {@code not} and {@code if} of types and
   * scalar values. Numbers are written without exponents, and values are at most {@value
   * Machine#MAX_DEPTH} deep.
   *
   * @param schema an object, or true for any JSON
   * @throws ConstraintException at the place of a keyword that is wrong or not supported, and if no
   *     value is valid
   */
  public static Constraint jsonSchema(JsonNode schema) {
    JsonNode own = schema.deepCopy();
    return new Constraint(own.toString(), writable -> SchemaGrammar.of(own, writable));
  }

  /**
   * Returns the JSON that is valid under a schema; see {@link #jsonSchema(JsonNode)}.
   *
   * @throws ConstraintException also if it is not JSON
   */
  public static Constraint jsonSchema(String schema) {
    try {
      return jsonSchema(JSON.readTree(schema));
    } catch (JsonProcessingException e) {
      throw new ConstraintException(
          "the schema, line " + (e.getLocation() == null ? 1 : e.getLocation().getLineNr()) + ",",
          "is not valid JSON: " + e.getOriginalMessage());
    }
  }

  /** Returns all JSON objects. */
  public static Constraint jsonObject() {
    return jsonSchema("{\"type\": \"object\"}");
  }

  /** Returns the grammar over the characters that a vocabulary has. */
  Grammar grammar(CodePoints writable) {
    Grammar g = grammar.apply(writable);
    requireTexts(g, " that this tokenizer's vocabulary can write");
    return g;
  }

  /**
   * Returns the constraint over the tokens of a vocabulary. The latest is kept.
   *
   * @throws ConstraintException if the vocabulary can write none of the texts
   */
  public synchronized TokenMasks over(TokenBytes tokens) {
    TokenMasks known = lastMasks;
    if (known == null || lastTokens != tokens) {
      known = TokenMasks.of(this, tokens);
      lastMasks = known;
      lastTokens = tokens;
    }
    return known;
  }

  /** Returns the expression, or the schema as JSON. */
  public String source() {
    return source;
  }

  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof Constraint c && source.equals(c.source);
  }

  @Override
  public int hashCode() {
    return Objects.hash(source);
  }

  @Override
  public String toString() {
    return "Constraint[" + source + "]";
  }
}
