package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.chat.ChatTemplateException;
import dev.peft4j.chat.RenderOptions;
import dev.peft4j.chat.RenderedChat;
import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A chat template as transformers renders it: a folder with {@code template.jinja} and {@code
 * cases.json}, or the file {@code snippets.json}, pieces of templates that try the language.
 */
final class ChatCase {
  static final String SNIPPETS = "snippets.json";

  private static final String CASES = "cases.json";
  private static final String TEMPLATE = "template.jinja";
  private static final String CONVERSATIONS = "conversations.json";
  private static final int MAX_REASONS = 3;
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final List<String> wrong = new ArrayList<>();
  private int failed;

  private ChatCase() {}

  /** Returns whether {@code path} is a case of this kind. */
  static boolean looksLikeOne(Path path) {
    return Files.isDirectory(path)
        ? Files.exists(path.resolve(CASES)) && Files.exists(path.resolve(TEMPLATE))
        : path.endsWith(SNIPPETS);
  }

  static CaseResult run(Path path) {
    ChatCase chat = new ChatCase();
    try {
      if (Files.isDirectory(path)) {
        chat.template(path);
      } else {
        chat.snippets(path);
      }
    } catch (IOException | RuntimeException e) {
      chat.fail(e.toString());
    }
    if (chat.failed > MAX_REASONS) {
      chat.wrong.add("and " + (chat.failed - MAX_REASONS) + " more");
    }
    return CaseResult.of(List.of(), chat.wrong);
  }

  private void fail(String reason) {
    if (++failed <= MAX_REASONS) {
      wrong.add(reason);
    }
  }

  private static JsonNode read(Path file) throws IOException {
    try {
      return MAPPER.readTree(file.toFile());
    } catch (com.fasterxml.jackson.core.JacksonException e) {
      throw new FileFormatException(file, "is not JSON: " + e.getOriginalMessage());
    }
  }

  private static Clock clock(JsonNode head) {
    return Clock.fixed(
        LocalDateTime.parse(head.path("now").asText()).toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
  }

  private void template(Path folder) throws IOException {
    Path parent = folder.toAbsolutePath().getParent();
    JsonNode conversations =
        read(parent == null ? Path.of(CONVERSATIONS) : parent.resolve(CONVERSATIONS));
    JsonNode head = read(folder.resolve(CASES));
    ChatTemplate template =
        ChatTemplate.of(
            String.valueOf(folder.getFileName()), Files.readString(folder.resolve(TEMPLATE)));
    Path tokens = (parent == null ? folder : parent).resolve("tokenizer").resolve("tokenizer.json");
    Map<Integer, String> special = new HashMap<>();
    if (Files.exists(tokens)) {
      for (JsonNode t : read(tokens).path("added_tokens")) {
        special.put(t.path("id").asInt(), t.path("content").asText());
      }
    }
    for (JsonNode c : head.path("cases")) {
      String name = c.path("conversation").asText();
      one(template, head, name, conversations.path(name), c, special);
    }
  }

  private void one(
      ChatTemplate template,
      JsonNode head,
      String name,
      JsonNode conversation,
      JsonNode c,
      Map<Integer, String> special) {
    ObjectNode all = conversation.deepCopy();
    all.setAll((ObjectNode) c.path("options"));
    String what = name + " " + c.path("options");
    String text;
    try {
      text = template.render(conversation.path("messages"), options(head, all, true)).text();
    } catch (ChatTemplateException e) {
      compare(what, c, e);
      return;
    }
    if (!c.path("rendered").isTextual()) {
      fail(what + ": rendered, but transformers says " + c.path("error"));
    } else if (!text.equals(c.path("rendered").textValue())) {
      fail(what + ": " + difference(c.path("rendered").textValue(), text));
    }
    if (c.has("generation")) {
      RenderedChat marked =
          template.render(conversation.path("messages"), options(head, all, false));
      JsonNode ranges = codePoints(marked);
      if (!ranges.equals(c.path("generation"))) {
        fail(what + ": generation " + ranges + " instead of " + c.path("generation"));
      }
      if (!special.isEmpty() && c.has("assistant_masks")) {
        masks(what, c, marked, special);
      }
    }
  }

  private static RenderOptions options(JsonNode head, ObjectNode all, boolean continued) {
    RenderOptions options = RenderOptions.NONE.clock(clock(head));
    for (var e : head.path("variables").properties()) {
      options = options.variable(e.getKey(), e.getValue());
    }
    for (var e : all.properties()) {
      JsonNode value = e.getValue();
      options =
          switch (e.getKey()) {
            case "messages" -> options;
            case "tools" -> options.tools(value);
            case "documents" -> options.documents(value);
            case "add_generation_prompt" -> options.addGenerationPrompt(value.asBoolean());
            case "continue_final_message" ->
                !continued
                    ? options
                    : value.isTextual()
                        ? options.continueFinalMessage(value.textValue())
                        : options.continueFinalMessage(value.asBoolean());
            default -> options.variable(e.getKey(), value);
          };
    }
    return options;
  }

  private static JsonNode codePoints(RenderedChat chat) {
    var ranges = JsonNodeFactory.instance.arrayNode();
    for (RenderedChat.Span s : chat.generated()) {
      int start = chat.text().codePointCount(0, s.start());
      ranges.addArray().add(start).add(start + chat.text().codePointCount(s.start(), s.end()));
    }
    return ranges;
  }

  // The case's tokenizer has a token for each byte and one for each special token: tokens' places
  // follow from their texts.
  private void masks(String what, JsonNode c, RenderedChat chat, Map<Integer, String> special) {
    List<Integer> starts = new ArrayList<>();
    int at = 0;
    for (JsonNode id : c.path("input_ids")) {
      starts.add(at);
      String token = special.get(id.asInt());
      at += token == null ? 1 : bytes(token);
    }
    if (at != bytes(chat.text())) {
      fail(what + ": the text has " + bytes(chat.text()) + " bytes, the tokens " + at);
      return;
    }
    int[] mask = new int[starts.size()];
    for (RenderedChat.Span s : chat.generated()) {
      if (s.start() == s.end()) {
        continue;
      }
      int first = token(starts, chat.text(), s.start());
      int last = token(starts, chat.text(), chat.text().offsetByCodePoints(s.end(), -1));
      Arrays.fill(mask, first, last + 1, 1);
    }
    JsonNode made = MAPPER.valueToTree(mask);
    if (!made.equals(c.path("assistant_masks"))) {
      fail(what + ": assistant mask " + made + " instead of " + c.path("assistant_masks"));
    }
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  /** Returns the index of the token that begins or contains the character at {@code index}. */
  private static int token(List<Integer> starts, String text, int index) {
    int found = Collections.binarySearch(starts, bytes(text.substring(0, index)));
    return found >= 0 ? found : -found - 2;
  }

  private void compare(String what, JsonNode c, ChatTemplateException e) {
    JsonNode error = c.path("error");
    // What we check before the template, and where we stop one, is said in words of our own.
    boolean ours =
        e.kind() == ChatTemplateException.Kind.INPUT
            || e.kind() == ChatTemplateException.Kind.LIMIT;
    if (error.isMissingNode()) {
      fail(what + ": " + e.getMessage());
    } else if (!error.path("type").asText().equals(e.pythonType())
        || (!ours && !error.path("message").asText().equals(e.problem()))
        || (error.has("line") && error.path("line").asInt() != e.line())) {
      fail(what + ": " + e.pythonType() + ", " + e.getMessage() + " instead of " + error);
    }
  }

  private static String difference(String expected, String found) {
    int i = 0;
    while (i < Math.min(expected.length(), found.length())
        && expected.charAt(i) == found.charAt(i)) {
      i++;
    }
    return "at character "
        + i
        + " \""
        + around(found, i)
        + "\" instead of \""
        + around(expected, i)
        + "\"";
  }

  private static String around(String text, int i) {
    return text.substring(Math.max(0, i - 10), Math.min(text.length(), i + 30))
        .replace("\n", "\\n");
  }

  private void snippets(Path file) throws IOException {
    JsonNode head = read(file);
    RenderOptions options = RenderOptions.NONE.clock(clock(head));
    for (var e : head.path("context").properties()) {
      options = options.variable(e.getKey(), e.getValue());
    }
    for (JsonNode c : head.path("snippets")) {
      String source = c.path("template").asText();
      // The snippets are rendered without the variables of a conversation.
      try {
        String text = ChatTemplate.of("snippet", source).evaluate(options);
        if (!c.path("rendered").isTextual()) {
          fail(source + ": rendered, but jinja2 says " + c.path("error"));
        } else if (!text.equals(c.path("rendered").textValue())) {
          fail(source + ": " + difference(c.path("rendered").textValue(), text));
        }
      } catch (ChatTemplateException e) {
        compare(source, c, e);
      }
    }
  }
}
