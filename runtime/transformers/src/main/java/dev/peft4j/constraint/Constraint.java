package dev.peft4j.constraint;

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
