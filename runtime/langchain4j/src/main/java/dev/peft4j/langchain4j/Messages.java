package dev.peft4j.langchain4j;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import dev.langchain4j.model.chat.request.json.JsonSchemaElement;
import java.util.List;

/** LangChain4j's messages, tools and schemas as the templates of models take them. */
final class Messages {
  private static final JsonMapper JSON = new JsonMapper();

  private Messages() {}

  static dev.peft4j.chat.ChatMessage message(ChatMessage message) {
    return switch (message) {
      case SystemMessage m -> dev.peft4j.chat.ChatMessage.system(m.text());
      case UserMessage m -> dev.peft4j.chat.ChatMessage.user(text(m));
      case AiMessage m -> answer(m);
      case ToolExecutionResultMessage m -> {
        dev.peft4j.chat.ChatMessage result =
            dev.peft4j.chat.ChatMessage.tool(m.toolName(), m.text());
        yield m.id() == null ? result : result.with("tool_call_id", m.id());
      }
      default ->
          throw new UnsupportedFeatureException(
              "messages of type " + message.type() + " are not supported");
    };
  }

  private static String text(UserMessage message) {
    StringBuilder all = new StringBuilder();
    for (Content c : message.contents()) {
      if (!(c instanceof TextContent t)) {
        throw new UnsupportedFeatureException(
            "the model reads text, and a message has content of type " + c.type());
      }
      all.append(all.isEmpty() ? "" : "\n").append(t.text());
    }
    return all.toString();
  }

  private static dev.peft4j.chat.ChatMessage answer(AiMessage message) {
    dev.peft4j.chat.ChatMessage m =
        dev.peft4j.chat.ChatMessage.assistant(message.text() == null ? "" : message.text());
    if (!message.hasToolExecutionRequests()) {
      return m;
    }
    ArrayNode calls = JSON.createArrayNode();
    for (ToolExecutionRequest r : message.toolExecutionRequests()) {
      ObjectNode call = calls.addObject();
      if (r.id() != null) {
        call.put("id", r.id());
      }
      call.put("type", "function")
          .putObject("function")
          .put("name", r.name())
          .set("arguments", arguments(r.arguments()));
    }
    return m.with("tool_calls", calls);
  }

  private static JsonNode arguments(String text) {
    try {
      return text == null || text.isBlank() ? JSON.createObjectNode() : JSON.readTree(text);
    } catch (JsonProcessingException e) {
      return JSON.getNodeFactory().textNode(text);
    }
  }

  /** Returns tools as transformers gives them to templates. */
  static ArrayNode tools(List<ToolSpecification> tools) {
    ArrayNode all = JSON.createArrayNode();
    for (ToolSpecification t : tools) {
      ObjectNode function = all.addObject().put("type", "function").putObject("function");
      function.put("name", t.name());
      function.put("description", t.description() == null ? "" : t.description());
      if (t.parameters() == null) {
        function.putObject("parameters").put("type", "object").putObject("properties");
      } else {
        function.set("parameters", schema(t.parameters()));
      }
    }
    return all;
  }

  /** Returns a schema as JSON Schema. */
  static JsonNode schema(JsonSchemaElement element) {
    return JSON.valueToTree(JsonSchemaElementUtils.toMap(element));
  }
}
