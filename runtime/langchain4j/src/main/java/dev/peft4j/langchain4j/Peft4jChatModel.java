package dev.peft4j.langchain4j;

import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.peft4j.generate.GenerationListener;
import java.util.List;
import java.util.Set;

/**
 * A language model, with or without an adapter, as LangChain4j's {@link ChatModel}. A JSON response
 * format is kept token by token, so the answer is valid; tools reach the model by its chat
 * template. For many threads.
 *
 * <pre>{@code
 * ChatModel model = Peft4jChatModel.builder().model(folder, adapterFolder).build();
 * String answer = model.chat("What is the capital of France?");
 * }</pre>
 */
public final class Peft4jChatModel implements ChatModel {
  private final Talker talker;

  private Peft4jChatModel(Talker talker) {
    this.talker = talker;
  }

  /** Returns a builder. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public ChatResponse doChat(ChatRequest request) {
    return new ChatCall(talker, request).run(GenerationListener.NONE);
  }

  @Override
  public ChatRequestParameters defaultRequestParameters() {
    return talker.defaults();
  }

  @Override
  public List<ChatModelListener> listeners() {
    return talker.listeners();
  }

  /** Returns the bytes of conversations' keys and values that are kept now. */
  public long cachedBytes() {
    return talker.sessions().bytes();
  }

  /** Returns how many tokens of requests were taken from earlier ones, over all requests. */
  public long reusedTokens() {
    return talker.sessions().reused();
  }

  @Override
  public ModelProvider provider() {
    return ModelProvider.OTHER;
  }

  @Override
  public Set<Capability> supportedCapabilities() {
    return Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
  }

  /** A builder of {@link Peft4jChatModel}. */
  public static final class Builder extends ChatModelBuilder<Peft4jChatModel, Builder> {
    private Builder() {}

    @Override
    Builder self() {
      return this;
    }

    @Override
    public Peft4jChatModel build() {
      return new Peft4jChatModel(Talker.of(this));
    }
  }
}
