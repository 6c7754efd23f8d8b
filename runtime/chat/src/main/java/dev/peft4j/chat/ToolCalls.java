package dev.peft4j.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The tools that an answer calls, in the forms in which models write that:
 *
 * <ul>
 *   <li>Qwen, Hermes and others: {@code <tool_call>{"name": ..., "arguments": {...}}</tool_call>};
 *   <li>Mistral: {@code [TOOL_CALLS][{"name": ..., "arguments": {...}}]}, or {@code
 *       [TOOL_CALLS]name[ARGS]{...}};
 *   <li>Llama 3: an answer that is {@code {"name": ..., "parameters": {...}}}, perhaps behind
 *       {@code <|python_tag|>}, or {@code <function=name>{...}</function>}.
 * </ul>
 *
 * <p>What is not a call, or is broken off, stays text.
 *
 * @param text the answer without its calls, and without white space around it
 * @param calls the calls, in their order
 */
public record ToolCalls(String text, List<Call> calls) {
  /**
   * A call of a tool.
   *
   * @param id what the model calls it by, or null
   * @param name the tool
   * @param arguments a JSON object, as the model wrote it
   */
  public record Call(@Nullable String id, String name, String arguments) {}

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();
  private static final String MISTRAL = "[TOOL_CALLS]";
  private static final String PYTHON = "<|python_tag|>";
  private static final Pattern TAGGED =
      Pattern.compile("<tool_call>(.*?)(?:</tool_call>|$)", Pattern.DOTALL);
  private static final Pattern FUNCTION =
      Pattern.compile("<function=([^>]{1,200})>(.*?)</function>", Pattern.DOTALL);
  private static final Pattern NAMED =
      Pattern.compile(
          "([\\w.-]{1,200})(?:\\[CALL_ID\\]([\\w-]{1,200}))?(?:\\[ARGS\\])?\\s*(\\{.*)",
          Pattern.DOTALL);

  /** Copies the list. */
  public ToolCalls {
    calls = List.copyOf(calls);
  }

  /**
   * Finds the calls in an answer.
   *
   * @param answer with the special tokens that mark calls, but not the one that ends it
   * @param tools the names of the tools that there are; other names are no calls
   */
  public static ToolCalls parse(String answer, Collection<String> tools) {
    int mistral = answer.indexOf(MISTRAL);
    List<Call> calls = new ArrayList<>();
    String rest = answer;
    if (mistral >= 0) {
      boolean all = true;
      for (String part : answer.substring(mistral + MISTRAL.length()).split("\\[TOOL_CALLS\\]")) {
        all &= mistral(part.strip(), tools, calls);
      }
      rest = all ? answer.substring(0, mistral) : answer;
      calls = all ? calls : List.of();
    } else if (answer.contains("<tool_call>")) {
      rest = without(TAGGED, answer, m -> json(m.group(1), tools), calls);
    } else if (answer.contains("<function=")) {
      rest = without(FUNCTION, answer, m -> named(null, m.group(1), m.group(2), tools), calls);
    } else {
      String bare = answer.strip();
      bare = bare.startsWith(PYTHON) ? bare.substring(PYTHON.length()) : bare;
      List<Call> found = bare(bare, tools);
      if (!found.isEmpty()) {
        calls = found;
        rest = "";
      }
    }
    return new ToolCalls(rest.strip(), calls);
  }

  private interface Reader {
    @Nullable Call read(Matcher m);
  }

  private static String without(Pattern pattern, String answer, Reader reader, List<Call> calls) {
    Matcher m = pattern.matcher(answer);
    StringBuilder rest = new StringBuilder();
    int end = 0;
    while (m.find()) {
      Call call = reader.read(m);
      if (call != null) {
        rest.append(answer, end, m.start());
        end = m.end();
        calls.add(call);
      }
    }
    return rest.append(answer, end, answer.length()).toString();
  }

  private static boolean mistral(String part, Collection<String> tools, List<Call> calls) {
    if (part.startsWith("[")) {
      JsonNode list = read(part);
      if (list == null) {
        return false;
      }
      for (JsonNode one : list) {
        Call call = call(one, tools);
        if (call == null) {
          return false;
        }
        calls.add(call);
      }
      return !list.isEmpty();
    }
    Matcher m = NAMED.matcher(part);
    Call call = m.matches() ? named(m.group(2), m.group(1), m.group(3), tools) : null;
    if (call != null) {
      calls.add(call);
    }
    return call != null;
  }

  /** Reads one object or several with semicolons between; empty if something else is there. */
  private static List<Call> bare(String text, Collection<String> tools) {
    List<Call> calls = new ArrayList<>();
    if (!text.startsWith("{")) {
      return calls;
    }
    String[] parts =
        read(text) != null ? new String[] {text} : text.split("(?<=\\})\\s*;\\s*(?=\\{)");
    for (String part : parts) {
      Call call = json(part, tools);
      if (call == null) {
        return List.of();
      }
      calls.add(call);
    }
    return calls;
  }

  private static @Nullable Call json(String text, Collection<String> tools) {
    JsonNode one = read(text.strip());
    return one == null ? null : call(one, tools);
  }

  private static @Nullable Call named(
      @Nullable String id, String name, String arguments, Collection<String> tools) {
    JsonNode json = read(arguments.strip());
    return json != null && json.isObject() && tools.contains(name.strip())
        ? new Call(id, name.strip(), json.toString())
        : null;
  }

  private static @Nullable Call call(JsonNode one, Collection<String> tools) {
    JsonNode own = one.path("function").isObject() ? one.get("function") : one;
    JsonNode arguments = own.has("arguments") ? own.get("arguments") : own.path("parameters");
    if (arguments.isTextual()) { // an object in a text
      JsonNode inner = read(arguments.textValue());
      arguments = inner == null ? arguments : inner;
    }
    String name = own.path("name").asText();
    if (!tools.contains(name) || !(arguments.isObject() || arguments.isMissingNode())) {
      return null;
    }
    JsonNode id = one.path("id");
    return new Call(
        id.isTextual() ? id.textValue() : null,
        name,
        arguments.isMissingNode() ? "{}" : arguments.toString());
  }

  private static @Nullable JsonNode read(String text) {
    try {
      JsonNode json = JSON.readTree(text);
      return json == null || json.isMissingNode() ? null : json;
    } catch (JsonProcessingException e) {
      return null;
    }
  }
}
