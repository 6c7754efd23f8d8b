package dev.peft4j.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import dev.peft4j.chat.ChatMessage;
import dev.peft4j.chat.ChatTemplateException;
import dev.peft4j.chat.RenderOptions;
import dev.peft4j.chat.ToolCalls;
import dev.peft4j.constraint.Constraint;
import dev.peft4j.generate.ChatSettings;
import dev.peft4j.generate.Generated;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.GenerationConfigBuilder;
import dev.peft4j.generate.GenerationListener;
import dev.peft4j.generate.GenerationRequest;
import dev.peft4j.generate.GenerationResult;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One request to a model. */
final class ChatCall {
  private static final String ID_CHARACTERS =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

  /** So long are the ids of calls that Mistral's templates take. */
  private static final int ID_LENGTH = 9;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final Talker talker;
  private final ChatRequestParameters parameters;
  private final List<ToolSpecification> tools;
  private final ChatSettings settings;
  private final GenerationRequest request;

  ChatCall(Talker talker, ChatRequest chat) {
    this.talker = talker;
    this.parameters = chat.parameters();
    List<ToolSpecification> given = parameters.toolSpecifications();
    boolean uses = given != null && parameters.toolChoice() != ToolChoice.NONE;
    this.tools = uses ? List.copyOf(given) : List.of();
    requireSupported();
    String adapter = adapter();
    this.settings = talker.settings(adapter);
    RenderOptions options =
        tools.isEmpty() ? RenderOptions.NONE : RenderOptions.NONE.tools(Messages.tools(tools));
    List<ChatMessage> messages = chat.messages().stream().map(Messages::message).toList();
    int[] prompt;
    try {
      prompt = settings.prompt(talker.tokenizer(), messages, options);
      requireTold(prompt, messages);
    } catch (ChatTemplateException e) {
      throw new InvalidRequestException(String.valueOf(e.getMessage()), e);
    }
    this.request = new GenerationRequest(prompt, config(), adapter);
  }

  /** Throws if there are tools, and the template does not tell the model of them. */
  private void requireTold(int[] prompt, List<ChatMessage> messages) {
    if (!tools.isEmpty()
        && Arrays.equals(
            prompt, settings.prompt(talker.tokenizer(), messages, RenderOptions.NONE))) {
      throw new UnsupportedFeatureException(
          "the request has tools, and the chat template "
              + settings.template().name()
              + " does not tell the model of them");
    }
  }

  private void requireSupported() {
    if (parameters.frequencyPenalty() != null || parameters.presencePenalty() != null) {
      throw new UnsupportedFeatureException(
          "frequencyPenalty and presencePenalty are not supported; set a repetitionPenalty in the"
              + " generator's settings");
    }
    if (parameters.toolChoice() == ToolChoice.REQUIRED) {
      throw new UnsupportedFeatureException(
          "toolChoice REQUIRED is not supported: the model decides whether it calls a tool");
    }
    if (!tools.isEmpty() && isJson(parameters.responseFormat())) {
      throw new UnsupportedFeatureException(
          "a JSON response format and tools in one request are not supported: JSON alone could not"
              + " call a tool");
    }
  }

  private static boolean isJson(@Nullable ResponseFormat format) {
    return format != null && format.type() == ResponseFormatType.JSON;
  }

  private @Nullable String adapter() {
    String name = parameters.modelName();
    if (name == null || name.equals(talker.modelName())) {
      return talker.adapter();
    }
    List<String> known = talker.adapters();
    if (!known.contains(name)) {
      throw new InvalidRequestException(
          "modelName is '"
              + name
              + "', which is neither this model, '"
              + talker.modelName()
              + "', nor one of its adapters "
              + known);
    }
    return name;
  }

  private GenerationConfig config() {
    GenerationConfigBuilder b = talker.generator().config().toBuilder();
    if (!b.setsLength()) {
      b.maxNewTokens(Talker.NEW_TOKENS);
    }
    try {
      if (parameters.maxOutputTokens() != null) {
        b.maxNewTokens(parameters.maxOutputTokens());
      }
      if (parameters.topK() != null) {
        b.topK(parameters.topK());
      }
      if (parameters.topP() != null) {
        b.topP(parameters.topP());
      }
      Double temperature = parameters.temperature();
      if (temperature != null && temperature == 0) {
        b.doSample(false);
      } else if (temperature != null) {
        b.temperature(temperature);
      }
      List<String> stops = parameters.stopSequences();
      if (stops != null && !stops.isEmpty()) {
        b.stopStrings(stops.toArray(new String[0]));
      }
      ResponseFormat format = parameters.responseFormat();
      if (isJson(format)) {
        b.constraint(
            format.jsonSchema() == null
                ? Constraint.jsonObject()
                : talker.schema(Messages.schema(format.jsonSchema().rootElement())));
      }
      return settings.with(b.build());
    } catch (IllegalArgumentException e) {
      throw new InvalidRequestException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Returns the names of the tools that may be called. */
  Set<String> toolNames() {
    return Set.copyOf(tools.stream().map(ToolSpecification::name).toList());
  }

  ChatResponse run(GenerationListener listener) {
    GenerationResult result;
    try {
      result = talker.sessions().generate(request, listener);
    } catch (IllegalArgumentException e) { // a prompt that is too long, settings that do not fit
      throw new InvalidRequestException(String.valueOf(e.getMessage()), e);
    }
    Generated answer = result.rows().getFirst();
    ToolCalls calls = new ToolCalls(answer.text(), List.of());
    if (!tools.isEmpty()) {
      ToolCalls found = ToolCalls.parse(marked(answer), toolNames());
      calls = found.calls().isEmpty() ? calls : found;
    }
    AiMessage.Builder message = AiMessage.builder();
    if (calls.calls().isEmpty()) {
      message.text(calls.text());
    } else {
      message.text(calls.text().isEmpty() ? null : calls.text());
      message.toolExecutionRequests(calls.calls().stream().map(ChatCall::call).toList());
    }
    return ChatResponse.builder()
        .id(UUID.randomUUID().toString())
        .modelName(parameters.modelName() == null ? talker.modelName() : parameters.modelName())
        .aiMessage(message.build())
        .tokenUsage(new TokenUsage(result.promptTokens(), result.newTokens()))
        .finishReason(calls.calls().isEmpty() ? reason(answer) : FinishReason.TOOL_EXECUTION)
        .build();
  }

  /** The answer with its special tokens, by which calls are told, but not the one that ended it. */
  private String marked(Generated answer) {
    List<Long> ids = new ArrayList<>();
    Arrays.stream(answer.tokens()).forEach(id -> ids.add((long) id));
    if (!ids.isEmpty() && settings.stopIds().contains(ids.getLast().intValue())) {
      ids.removeLast();
    }
    String text = talker.tokenizer().decode(ids.stream().mapToLong(i -> i).toArray(), false);
    int end = text.length();
    for (String stop : request.config().stopStrings()) {
      int at = text.indexOf(stop);
      end = at >= 0 ? Math.min(end, at) : end;
    }
    return text.substring(0, end);
  }

  private static ToolExecutionRequest call(ToolCalls.Call call) {
    return ToolExecutionRequest.builder()
        .id(call.id() == null ? newId() : call.id())
        .name(call.name())
        .arguments(call.arguments())
        .build();
  }

  private static String newId() {
    StringBuilder id = new StringBuilder();
    for (int i = 0; i < ID_LENGTH; i++) {
      id.append(ID_CHARACTERS.charAt(RANDOM.nextInt(ID_CHARACTERS.length())));
    }
    return id.toString();
  }

  private static FinishReason reason(Generated answer) {
    return switch (answer.reason()) {
      case EOS, STOP_STRING, COMPLETE -> FinishReason.STOP;
      case LENGTH -> FinishReason.LENGTH;
      case TIME, CANCELLED -> FinishReason.OTHER;
    };
  }
}
