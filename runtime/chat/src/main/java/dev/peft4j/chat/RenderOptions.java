package dev.peft4j.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.peft4j.chat.jinja.Limits;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The options for rendering a conversation. Each method returns other options; these stay as they
 * are.
 */
public final class RenderOptions {
  /** The conversation alone. */
  public static final RenderOptions NONE =
      new RenderOptions(false, null, null, null, Map.of(), null, Limits.STANDARD);

  private final boolean generationPrompt;
  private final @Nullable String continued;
  private final @Nullable JsonNode tools;
  private final @Nullable JsonNode documents;
  private final Map<String, JsonNode> variables;
  private final @Nullable Clock clock;
  private final Limits limits;

  private RenderOptions(
      boolean generationPrompt,
      @Nullable String continued,
      @Nullable JsonNode tools,
      @Nullable JsonNode documents,
      Map<String, JsonNode> variables,
      @Nullable Clock clock,
      Limits limits) {
    this.generationPrompt = generationPrompt;
    this.continued = continued;
    this.tools = tools;
    this.documents = documents;
    this.variables = variables;
    this.clock = clock;
    this.limits = limits;
  }

  /**
   * Returns options with or without what begins an answer, at the end: what a model is given that
   * is to answer.
   */
  public RenderOptions addGenerationPrompt(boolean on) {
    return new RenderOptions(on, continued, tools, documents, variables, clock, limits);
  }

  /**
   * Returns options by which the text ends inside the last message, so that the model goes on with
   * it.
   */
  public RenderOptions continueFinalMessage(boolean on) {
    return new RenderOptions(
        generationPrompt, on ? "content" : null, tools, documents, variables, clock, limits);
  }

  /**
   * Returns options by which the text ends inside {@code field} of the last message, such as {@code
   * reasoning_content}.
   */
  public RenderOptions continueFinalMessage(String field) {
    return new RenderOptions(generationPrompt, field, tools, documents, variables, clock, limits);
  }

  /** Returns options with the tools that the model may call: an array of JSON schemas. */
  public RenderOptions tools(@Nullable JsonNode array) {
    return new RenderOptions(
        generationPrompt, continued, array, documents, variables, clock, limits);
  }

  /** Returns options with documents that the model may read: an array of objects. */
  public RenderOptions documents(@Nullable JsonNode array) {
    return new RenderOptions(generationPrompt, continued, tools, array, variables, clock, limits);
  }

  /**
   * Returns options with a variable of the template, such as {@code enable_thinking}; it hides a
   * special token of its name.
   */
  public RenderOptions variable(String name, JsonNode value) {
    Map<String, JsonNode> all = new LinkedHashMap<>(variables);
    all.put(name, value);
    return new RenderOptions(
        generationPrompt, continued, tools, documents, Map.copyOf(all), clock, limits);
  }

  /** Returns options with a variable that is true or false. */
  public RenderOptions variable(String name, boolean value) {
    return variable(name, JsonNodeFactory.instance.booleanNode(value));
  }

  /** Returns options with a variable that is a text. */
  public RenderOptions variable(String name, String value) {
    return variable(name, JsonNodeFactory.instance.textNode(value));
  }

  /**
   * Returns options with the clock that {@code strftime_now} reads; without one it is the system's.
   */
  public RenderOptions clock(Clock clock) {
    return new RenderOptions(
        generationPrompt, continued, tools, documents, variables, clock, limits);
  }

  /**
   * Returns options with other limits; a template that goes beyond one is an error.
   *
   * @param steps the steps of evaluation, 50 million if nothing is said: a second or two
   * @param characters the characters of all texts that are made on the way, 64 Mi if nothing is
   *     said; a hundred times the conversation's come on top
   */
  public RenderOptions limits(long steps, long characters) {
    return new RenderOptions(
        generationPrompt,
        continued,
        tools,
        documents,
        variables,
        clock,
        new Limits(steps, characters, Limits.STANDARD.depth()));
  }

  boolean generationPrompt() {
    return generationPrompt;
  }

  @Nullable String continued() {
    return continued;
  }

  @Nullable JsonNode tools() {
    return tools;
  }

  @Nullable JsonNode documents() {
    return documents;
  }

  Map<String, JsonNode> variables() {
    return variables;
  }

  @Nullable Clock clock() {
    return clock;
  }

  Limits limits() {
    return limits;
  }
}
