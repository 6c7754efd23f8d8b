package dev.peft4j.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.peft4j.chat.jinja.JinjaException;
import dev.peft4j.chat.jinja.Template;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZonedDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A chat template: a program in Jinja that comes with a model and writes a conversation as the
 * model was trained on it. It is rendered as transformers renders it, character by character, by a
 * renderer of our own.
 *
 * <p>Templates come from strangers, so they can do nothing but compute text: they see the
 * conversation and what the options give, no Java object and no file, and there are limits to the
 * steps, the text and the depth of a rendering ({@link RenderOptions#limits}).
 *
 * <p>A template never changes; several threads can render at once.
 */
public final class ChatTemplate {
  private static final Pattern GENERATION = Pattern.compile("\\{%-?\\s*generation\\s*-?%\\}");
  private static final String TOOL_USE = "tool_use";
  private static final List<String> BUILT_IN = List.of("chatml", "llama3", "plain", "zephyr");

  private final String name;
  private final String source;
  private final Template template;
  private final Map<String, String> specialTokens;
  private final Set<String> names;
  private final @Nullable ChatTemplate toolUse;

  private ChatTemplate(
      String name,
      String source,
      Map<String, String> specialTokens,
      Set<String> names,
      @Nullable ChatTemplate toolUse) {
    this.name = name;
    this.source = source;
    this.specialTokens = specialTokens;
    this.names = names;
    this.toolUse = toolUse;
    try {
      this.template = Template.of(source);
    } catch (JinjaException e) {
      throw ChatTemplateException.of(name, e);
    }
  }

  /**
   * Returns the template that {@code source} is.
   *
   * @throws ChatTemplateException if it does not parse; it says where
   */
  public static ChatTemplate of(String source) {
    return of("chat template", source);
  }

  /** Returns the template that {@code source} is, which messages call {@code name}. */
  public static ChatTemplate of(String name, String source) {
    return new ChatTemplate(name, source, Map.of(), Set.of(), null);
  }

  /**
   * Returns the names of the templates that are built in, for models that bring none: {@code
   * chatml}, {@code llama3}, {@code plain} and {@code zephyr}. They mark what the assistant says.
   */
  public static List<String> builtInNames() {
    return BUILT_IN;
  }

  /**
   * Returns a template that is built in.
   *
   * @param name one of {@link #builtInNames}
   * @throws ChatTemplateException if there is none of that name
   */
  public static ChatTemplate builtIn(String name) {
    if (!BUILT_IN.contains(name)) {
      throw ChatTemplateException.input(
          name, "is not built in; there are " + String.join(", ", BUILT_IN));
    }
    try (InputStream in = ChatTemplate.class.getResourceAsStream("templates/" + name + ".jinja")) {
      byte[] bytes = Objects.requireNonNull(in, name).readAllBytes();
      return of(name, new String(bytes, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Returns the template of the model in {@code folder}: {@code chat_template.jinja}, else {@code
   * chat_template} in {@code tokenizer_config.json}, with the special tokens named there. Where
   * there are several templates, it is the one called {@code default}; conversations with tools are
   * rendered by the one called {@code tool_use}.
   *
   * @throws ChatTemplateException if there is no template, none to be used by default, or it does
   *     not parse
   * @throws IOException if a file cannot be read
   */
  public static ChatTemplate fromFolder(Path folder) throws IOException {
    TemplateFolder found = new TemplateFolder(folder);
    if (found.templates.isEmpty()) {
      throw ChatTemplateException.input(
          folder.toString(),
          "has no chat template: neither "
              + TemplateFolder.FILE
              + " nor chat_template in "
              + TemplateFolder.CONFIG);
    }
    String source = found.templates.get(TemplateFolder.DEFAULT);
    if (source == null && found.templates.size() == 1) {
      source = found.templates.values().iterator().next();
    }
    if (source == null) {
      throw ChatTemplateException.input(
          folder.toString(),
          "has several chat templates, and none of them is called default: "
              + String.join(", ", found.templates.keySet())
              + "; choose one with fromFolder(folder, name)");
    }
    String tools = found.templates.get(TOOL_USE);
    ChatTemplate toolUse =
        tools == null || tools.equals(source)
            ? null
            : new ChatTemplate(folder + " (" + TOOL_USE + ")", tools, found.tokens, Set.of(), null);
    return new ChatTemplate(
        folder.toString(), source, found.tokens, found.templates.keySet(), toolUse);
  }

  /**
   * Returns the template called {@code name} of the model in {@code folder}.
   *
   * @throws ChatTemplateException if there is none of that name, or it does not parse
   * @throws IOException if a file cannot be read
   */
  public static ChatTemplate fromFolder(Path folder, String name) throws IOException {
    TemplateFolder found = new TemplateFolder(folder);
    String source = found.templates.get(name);
    if (source == null) {
      throw ChatTemplateException.input(
          folder.toString(),
          "has no chat template called "
              + name
              + "; it has "
              + (found.templates.isEmpty() ? "none" : String.join(", ", found.templates.keySet())));
    }
    return new ChatTemplate(
        folder + " (" + name + ")", source, found.tokens, found.templates.keySet(), null);
  }

  /**
   * Returns the same template with other special tokens: {@code bos_token}, {@code eos_token}, and
   * so on, by name.
   */
  public ChatTemplate withSpecialTokens(Map<String, String> tokens) {
    return new ChatTemplate(
        name,
        source,
        Map.copyOf(tokens),
        names,
        toolUse == null ? null : toolUse.withSpecialTokens(tokens));
  }

  /** Returns the name by which messages call this template. */
  public String name() {
    return name;
  }

  /** Returns the template's text. */
  public String source() {
    return source;
  }

  /**
   * Returns the names of all templates that came with this one; empty if it did not come from a
   * folder.
   */
  public Set<String> names() {
    return names;
  }

  /** Returns the special tokens that the template sees, by name. */
  public Map<String, String> specialTokens() {
    return specialTokens;
  }

  /** Returns whether the template marks what the assistant says, with {@code generation} blocks. */
  public boolean marksGeneration() {
    return GENERATION.matcher(source).find();
  }

  /** Renders a conversation. */
  public RenderedChat render(List<ChatMessage> messages) {
    return render(messages, RenderOptions.NONE);
  }

  /**
   * Renders a conversation with options.
   *
   * @throws ChatTemplateException if the template refuses it, or fails
   */
  public RenderedChat render(List<ChatMessage> messages, RenderOptions options) {
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    messages.forEach(m -> array.add(m.json()));
    return render(array, options);
  }

  /**
   * Renders a conversation with options.
   *
   * @param messages an array of objects, as they stand in data and in requests
   * @throws ChatTemplateException if the template refuses it, or fails
   */
  public RenderedChat render(JsonNode messages, RenderOptions options) {
    check(messages, options);
    JsonNode tools = options.tools();
    if (toolUse != null && tools != null && !tools.isNull()) {
      return toolUse.render(messages, options);
    }
    String field = options.continued();
    Continuation continuation =
        field == null ? null : new Continuation(name, source, messages, field);
    Map<String, JsonNode> variables = new LinkedHashMap<>();
    specialTokens.forEach((k, v) -> variables.put(k, JsonNodeFactory.instance.textNode(v)));
    variables.putAll(options.variables());
    variables.put("messages", continuation == null ? messages : continuation.messages);
    variables.put("tools", orNull(tools));
    variables.put("documents", orNull(options.documents()));
    variables.put(
        "add_generation_prompt", JsonNodeFactory.instance.booleanNode(options.generationPrompt()));
    Template.Rendering made = run(variables, options);
    String text = continuation == null ? made.text() : continuation.cut(made.text());
    return new RenderedChat(
        text, made.generations().stream().map(g -> new RenderedChat.Span(g[0], g[1])).toList());
  }

  /**
   * Renders the template with the options' variables alone: for templates that are not about a
   * conversation.
   *
   * @throws ChatTemplateException if the template fails
   */
  public String evaluate(RenderOptions options) {
    return run(options.variables(), options).text();
  }

  private Template.Rendering run(Map<String, JsonNode> variables, RenderOptions options) {
    try {
      return template.render(variables, clock(options.clock()), options.limits());
    } catch (JinjaException e) {
      throw ChatTemplateException.of(name, e);
    }
  }

  private static @Nullable Supplier<ZonedDateTime> clock(@Nullable Clock clock) {
    return clock == null ? null : () -> ZonedDateTime.now(clock);
  }

  private static JsonNode orNull(@Nullable JsonNode node) {
    return node == null ? JsonNodeFactory.instance.nullNode() : node;
  }

  private void check(JsonNode messages, RenderOptions options) {
    if (!messages.isArray() || messages.isEmpty()) {
      throw ChatTemplateException.input(
          name,
          messages.isArray()
              ? "the conversation is empty; it needs at least one message"
              : "a conversation is an array of messages, but this is " + messages);
    }
    objects("message", messages);
    objects("tool", options.tools());
    objects("document", options.documents());
    if (options.continued() != null && options.generationPrompt()) {
      throw ChatTemplateException.input(
          name,
          "continueFinalMessage goes on with the last message, addGenerationPrompt begins another:"
              + " choose one of them");
    }
  }

  private void objects(String what, @Nullable JsonNode array) {
    if (array == null || array.isNull()) {
      return;
    }
    if (!array.isArray()) {
      throw ChatTemplateException.input(
          name, what + "s are an array of JSON objects, but this is " + array);
    }
    for (int i = 0; i < array.size(); i++) {
      if (!array.get(i).isObject()) {
        throw ChatTemplateException.input(
            name, what + " " + (i + 1) + " is not a JSON object: " + array.get(i));
      }
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
