package dev.peft4j.generate;

import dev.peft4j.chat.ChatMessage;
import dev.peft4j.chat.RenderOptions;
import dev.peft4j.transformers.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A conversation with a model. Each turn goes on from the cache of those before; what the template
 * renders otherwise in a longer conversation is computed again.
 *
 * <pre>{@code
 * ChatSession chat = new ChatSession(generator, settings).system("Answer in one sentence.");
 * System.out.println(chat.say("What is the capital of France?"));
 * System.out.println(chat.say("And of Spain?"));
 * }</pre>
 *
 * <p>It is for one thread at a time.
 */
public final class ChatSession {
  private final Tokenizer tokenizer;
  private ChatSettings settings;
  private final GenerationSession session;
  private final List<ChatMessage> messages = new ArrayList<>();
  private GenerationConfig config;
  private RenderOptions options = RenderOptions.NONE;
  private @Nullable String adapter;

  /**
   * Begins a conversation.
   *
   * @param generator the model, with a tokenizer; its settings count, but answers end as {@code
   *     settings} say
   * @throws IllegalArgumentException if the generator has no tokenizer
   */
  public ChatSession(Generator generator, ChatSettings settings) {
    Tokenizer t = generator.tokenizer();
    if (t == null) {
      throw new IllegalArgumentException(
          "ChatSession: the generator has no tokenizer: give it one by with(tokenizer)");
    }
    this.tokenizer = t;
    this.settings = settings;
    this.session = new GenerationSession(generator);
    this.config = settings.with(generator.config());
  }

  /** Sets what the model is told before all turns; replaces what it was told before. */
  public ChatSession system(String text) {
    if (!messages.isEmpty() && messages.getFirst().role().equals("system")) {
      messages.removeFirst();
    }
    messages.addFirst(ChatMessage.system(text));
    return this;
  }

  /** Sets the adapter that acts from now on; null for those active around the calls. */
  public ChatSession adapter(@Nullable String name) {
    this.adapter = name;
    return this;
  }

  /** Sets the manner in which the model talks from now on, such as that of another adapter. */
  public ChatSession settings(ChatSettings other) {
    this.settings = other;
    this.config = other.with(config);
    return this;
  }

  /** Sets other settings of generation; answers end where the chat settings say. */
  public ChatSession config(GenerationConfig other) {
    this.config = settings.with(other);
    return this;
  }

  /** Sets what the template is given besides messages: tools, variables. */
  public ChatSession options(RenderOptions other) {
    this.options = other;
    return this;
  }

  /** Returns the messages so far. */
  public List<ChatMessage> messages() {
    return List.copyOf(messages);
  }

  /** Adds a message without asking for an answer, such as one of an earlier conversation. */
  public ChatSession add(ChatMessage message) {
    messages.add(message);
    return this;
  }

  /** Forgets all turns, but not the system's message. */
  public void reset() {
    messages.removeIf(m -> !m.role().equals("system"));
    session.clear();
  }

  /** Returns how many tokens of the last prompt were taken from the cache. */
  public int reused() {
    return session.reused();
  }

  /** Returns how many tokens the cache has: at most the model's context. */
  public int cached() {
    return session.length();
  }

  /** Returns the bytes of the cache. */
  public long bytes() {
    return session.bytes();
  }

  /** Says something as the user and returns the answer. */
  public String say(String text) {
    return answer(ChatMessage.user(text), GenerationListener.NONE).text();
  }

  /**
   * Adds a message and the answer to it. If that fails, or the template refuses the conversation,
   * the conversation is as it was before.
   *
   * @param listener is told of the answer while it is made
   * @throws dev.peft4j.chat.ChatTemplateException if the template refuses the conversation
   * @throws IllegalArgumentException if the conversation is longer than the model's context, or has
   *     noncharacters while special tokens in messages stay text
   */
  public Generated answer(ChatMessage message, GenerationListener listener) {
    List<ChatMessage> all = new ArrayList<>(messages);
    all.add(message);
    int[] prompt = settings.prompt(tokenizer, all, options);
    GenerationRequest request = new GenerationRequest(prompt, config, adapter);
    Generated answer = session.generate(request, listener).rows().getFirst();
    all.add(ChatMessage.assistant(answer.text()));
    messages.clear();
    messages.addAll(all);
    return answer;
  }
}
