package dev.peft4j.generate;

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
 */
public record ChatSettings(ChatTemplate template, List<Integer> stopIds) {
  private static final Log LOG = Log.of(ChatSettings.class);
  private static final String TEMPLATE = "chat_template.jinja";
  private static final String GENERATION = "generation_config.json";

  /** What an answer says in the conversation from which the end of a turn is seen. */
  private static final String PROBE = "a";

  /** Copies the list. */
  public ChatSettings {
    stopIds = List.copyOf(stopIds);
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
    if (own != null && base != null && !own.source().equals(base.source())) {
      LOG.warn(
          "the adapter {} was trained with another chat template than the model's; its own is used",
          adapter);
    }
    ChatSettings all = of(chosen, tokenizer, config);
    if (adapter != null && Files.exists(adapter.resolve(GENERATION))) {
      Set<Integer> ids = new LinkedHashSet<>(all.stopIds);
      ids.addAll(GenerationConfig.read(adapter).eosTokenIds());
      all = new ChatSettings(chosen, List.copyOf(ids));
    }
    return all;
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

  /** Returns the tokens of a conversation to which the model is to answer. */
  public int[] prompt(Tokenizer tokenizer, List<ChatMessage> messages, RenderOptions options) {
    String text = template.render(messages, options.addGenerationPrompt(true)).text();
    return tokenizer.ids(text, false);
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
