package dev.peft4j.langchain4j;

import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;

/**
 * A language model, with or without an adapter, as LangChain4j's {@link StreamingChatModel}: text
 * is given out as it is made, whole characters only. See {@link Peft4jChatModel}.
 */
public final class Peft4jStreamingChatModel implements StreamingChatModel {
  private final Talker talker;
  private final Executor executor;

  private Peft4jStreamingChatModel(Talker talker, Executor executor) {
    this.talker = talker;
    this.executor = executor;
  }

  /** Returns a builder. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
    ChatCall call = new ChatCall(talker, request); // what is wrong with it is told at once
    executor.execute(() -> new StreamedAnswer(call, handler).run());
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

  /** A builder of {@link Peft4jStreamingChatModel}. */
  public static final class Builder extends ChatModelBuilder<Peft4jStreamingChatModel, Builder> {
    private Executor executor =
        task -> Thread.ofPlatform().daemon().name("peft4j-chat").start(task);

    private Builder() {}

    /** Sets where answers are made; a thread of its own for each unless it is set. */
    public Builder executor(Executor value) {
      executor = value;
      return this;
    }

    @Override
    Builder self() {
      return this;
    }

    @Override
    public Peft4jStreamingChatModel build() {
      return new Peft4jStreamingChatModel(Talker.of(this), executor);
    }
  }
}
