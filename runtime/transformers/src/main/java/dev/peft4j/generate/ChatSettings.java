package dev.peft4j.generate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.chat.ChatMessage;
import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.chat.ChatTemplateException;
import dev.peft4j.chat.RenderOptions;
import dev.peft4j.checkpoint.GgufTokenizer;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.io.AtomicFiles;
import dev.peft4j.io.PythonJson;
import dev.peft4j.log.Log;
import dev.peft4j.transformers.TokenizedText;
import dev.peft4j.transformers.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The manner in which a model talks: its chat template, and the tokens at which an answer ends. An
 * adapter that was trained on conversations brings its own, saved in its folder, so that it talks
 * as it was trained.
 *
 * @param template the chat template, with the tokenizer's special tokens
 * @param stopIds ids of the tokens at which an answer ends
 * @param plainContent whether special tokens that are typed in messages stay text; in transformers
 *     they become special tokens
 */
public record ChatSettings(ChatTemplate template, List<Integer> stopIds, boolean plainContent) {
  private static final Log LOG = Log.of(ChatSettings.class);
  private static final String TEMPLATE = "chat_template.jinja";
  private static final String GENERATION = "generation_config.json";

  /** What an answer says in the conversation from which the end of a turn is seen. */
  private static final String PROBE = "a";

  /** Copies the list. */
  public ChatSettings {
    stopIds = List.copyOf(stopIds);
  }

  /** Creates settings with which special tokens that are typed in messages become such tokens. */
  public ChatSettings(ChatTemplate template, List<Integer> stopIds) {
    this(template, stopIds, false);
  }

  /** Returns the same with special tokens in messages that stay text, or do not. */
  public ChatSettings plainContent(boolean value) {
    return new ChatSettings(template, stopIds, value);
  }

  /**
   * Returns the settings of a template: answers end at the tokens of the generation settings, at
   * the tokenizer's {@code eos_token}, and at the token with which the template ends an answer.
   */
  public static ChatSettings of(
      ChatTemplate template, Tokenizer tokenizer, GenerationConfig config) {
    Set<Integer> ids = new LinkedHashSet<>(config.eosTokenIds());
    String eos = tokenizer.specialTokens().get("eos_token");
    Integer id = eos == null ? null : tokenizer.id(eos);
    if (id != null) {
      ids.add(id);
    }
    ChatTemplate own =
        template.specialTokens().isEmpty()
            ? template.withSpecialTokens(tokenizer.specialTokens())
            : template;
    Integer end = endOfTurn(own, tokenizer);
    if (end != null) {
      ids.add(end);
    }
    return new ChatSettings(own, List.copyOf(ids));
  }

  /**
   * Returns the settings for a model and perhaps an adapter: what the adapter's folder has, else
   * the model's. If both have a template and they differ, the adapter's counts, and a warning says
   * so.
   *
   * @param adapter the adapter's folder, or null
   * @param model the model's folder
   * @return null if neither has a template
   * @throws ChatTemplateException if a template does not parse
   */
  public static @Nullable ChatSettings read(
      @Nullable Path adapter, Path model, Tokenizer tokenizer, GenerationConfig config)
      throws IOException {
    ChatTemplate base = template(model);
    ChatTemplate own = adapter == null ? null : template(adapter);
    ChatTemplate chosen = own == null ? base : own.withSpecialTokens(tokenizer.specialTokens());
    if (chosen == null) {
      return null;
    }
    if (adapter != null && base != null && differs(adapter, base)) {
      LOG.warn(
          "the adapter {} was trained with another chat template than the model's; its own is used",
          adapter);
    }
    ChatSettings all = of(chosen, tokenizer, config);
    return new ChatSettings(all.template, ends(all.stopIds, adapter));
  }

  /**
   * Returns the settings of a template that somebody has given, for a model and perhaps an adapter:
   * answers end as {@link #of} says, and where the adapter's do. If the adapter's folder has
   * another template, a warning says so.
   *
   * @param adapter the adapter's folder, or null
   */
  public static ChatSettings given(
      ChatTemplate template, @Nullable Path adapter, Tokenizer tokenizer, GenerationConfig config)
      throws IOException {
    if (adapter != null && differs(adapter, template)) {
      LOG.warn(
          "the adapter {} was trained with another chat template than {}, which was given",
          adapter,
          template.name());
    }
    ChatSettings all = of(template, tokenizer, config);
    return new ChatSettings(all.template, ends(all.stopIds, adapter));
  }

  /**
   * Returns whether both an adapter's folder and a model have a chat template, and they are not the
   * same.
   *
   * @throws ChatTemplateException if one does not parse
   */
  public static boolean differ(Path adapter, Path model) throws IOException {
    ChatTemplate base = template(model);
    return base != null && differs(adapter, base);
  }

  /** Returns whether an adapter's folder has a template, and it is another one. */
  private static boolean differs(Path adapter, ChatTemplate template) throws IOException {
    ChatTemplate own = template(adapter);
    return own != null && !own.source().equals(template.source());
  }

  /** Returns ids with those at which an adapter's answers end. */
  private static List<Integer> ends(List<Integer> ids, @Nullable Path adapter) throws IOException {
    Set<Integer> all = new LinkedHashSet<>(ids);
    if (adapter != null && Files.exists(adapter.resolve(GENERATION))) {
      all.addAll(GenerationConfig.read(adapter).eosTokenIds());
    }
    return List.copyOf(all);
  }

  /**
   * Returns settings of generation with which texts end where an adapter's do, too: at the tokens
   * that were saved with it.
   *
   * @param adapter the adapter's folder
   */
  public static GenerationConfig withEnds(GenerationConfig config, Path adapter)
      throws IOException {
    List<Integer> ids = ends(config.eosTokenIds(), adapter);
    return config.toBuilder().eosTokenId(ids.stream().mapToInt(i -> i).toArray()).build();
  }

  /**
   * Returns the chat template of a model: of a folder, or of a GGUF file.
   *
   * @return null if there is none
   * @throws ChatTemplateException if it does not parse
   */
  public static @Nullable ChatTemplate template(Path model) throws IOException {
    if (Files.isRegularFile(model)) {
      String source = GgufTokenizer.chatTemplate(GgufFile.open(model));
      return source == null ? null : ChatTemplate.of(model.toString(), source);
    }
    try {
      return ChatTemplate.fromFolder(model);
    } catch (ChatTemplateException e) {
      if (e.kind() == ChatTemplateException.Kind.INPUT) {
        return null; // there is none
      }
      throw e;
    }
  }

  /**
   * Writes the template and the stop ids into an adapter's folder, as files that transformers reads
   * too.
   */
  public void save(Path adapter) throws IOException {
    ObjectNode config = JsonNodeFactory.instance.objectNode();
    ArrayNode ids = config.putArray("eos_token_id");
    stopIds.forEach(ids::add);
    AtomicFiles.write(adapter.resolve(TEMPLATE), template.source());
    AtomicFiles.write(adapter.resolve(GENERATION), PythonJson.format(config));
  }

  /**
   * Returns the tokens of a conversation to which the model is to answer.
   *
   * @throws ChatTemplateException if the template refuses it
   * @throws IllegalArgumentException if messages have noncharacters and {@link #plainContent} is on
   */
  public int[] prompt(Tokenizer tokenizer, List<ChatMessage> messages, RenderOptions options) {
    RenderOptions asking = options.addGenerationPrompt(true);
    if (!plainContent) {
      return tokenizer.ids(template.render(messages, asking).text(), false);
    }
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    messages.forEach(m -> all.add(m.json()));
    JsonNode marked = new TypedTokens(tokenizer).marked(all);
    TypedTokens.Unmarked text = TypedTokens.unmarked(template.render(marked, asking));
    return tokenizer.tokenize(text.chat().text(), false, text.plain()).ids();
  }

  /** Returns settings with these ends in place of others. */
  public GenerationConfig with(GenerationConfig config) {
    return config.toBuilder().eosTokenId(stopIds.stream().mapToInt(i -> i).toArray()).build();
  }

  /** The special token that follows an answer in a rendered conversation; null if none does. */
  private static @Nullable Integer endOfTurn(ChatTemplate template, Tokenizer tokenizer) {
    List<ChatMessage> probe = List.of(ChatMessage.user(PROBE), ChatMessage.assistant(PROBE));
    String whole;
    String asked;
    try {
      whole = template.render(probe).text();
      asked =
          template.render(probe.subList(0, 1), RenderOptions.NONE.addGenerationPrompt(true)).text();
    } catch (ChatTemplateException e) {
      return null;
    }
    int answer = whole.lastIndexOf(PROBE);
    if (answer < 0 || whole.startsWith(asked) && answer < asked.length()) {
      return null;
    }
    TokenizedText tokens = tokenizer.tokenize(whole, false);
    for (int t = 0; t < tokens.size(); t++) {
      boolean after = tokens.start(t) > answer || tokens.start(t) == answer + PROBE.length();
      if (after && tokens.end(t) > tokens.start(t)) {
        String text = whole.substring(tokens.start(t), tokens.end(t));
        if (text.isBlank()) {
          continue;
        }
        return tokenizer.addedTokens().containsValue(tokens.id(t)) ? tokens.id(t) : null;
      }
    }
    return null;
  }
}
