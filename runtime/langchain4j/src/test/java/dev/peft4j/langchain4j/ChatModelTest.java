package dev.peft4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonArraySchema;
import dev.langchain4j.model.chat.request.json.JsonIntegerSchema;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonReferenceSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import dev.peft4j.constraint.Constraint;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.GenerationListener;
import dev.peft4j.generate.GenerationRequest;
import dev.peft4j.generate.Generator;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Requests reach the model, and its answers come back, as LangChain4j means them. */
class ChatModelTest {
  private static final ToolSpecification WEATHER =
      ToolSpecification.builder()
          .name("weather")
          .description("Tells the weather")
          .parameters(JsonObjectSchema.builder().addStringProperty("city").required("city").build())
          .build();

  private final SmallModel small = new SmallModel();

  /** A model that always says the same. */
  private Generator saying(String text) {
    return small
        .generator()
        .with(
            GenerationConfig.builder()
                .maxNewTokens(200)
                .constraint(Constraint.regex(Pattern.quote(text)))
                .build());
  }

  private Peft4jChatModel model(Generator generator) {
    return Peft4jChatModel.builder().generator(generator).chatSettings(small.settings).build();
  }

  private static ChatRequest request(ChatRequestParameters parameters) {
    return ChatRequest.builder().messages(UserMessage.from("hello")).parameters(parameters).build();
  }

  private static DefaultChatRequestParameters.Builder<?> parameters() {
    return ChatRequestParameters.builder();
  }

  @Test
  void answersWithUsageAndReason() {
    ChatResponse stopped = model(saying("fine")).chat(request(parameters().build()));
    assertThat(stopped.aiMessage().text()).isEqualTo("fine");
    assertThat(stopped.finishReason()).isEqualTo(FinishReason.STOP);
    assertThat(stopped.tokenUsage().outputTokenCount()).isEqualTo(5); // with the end of the turn
    assertThat(stopped.tokenUsage().inputTokenCount())
        .isEqualTo("user hello".length() + 3 + "assistant ".length());
    assertThat(stopped.modelName()).isEqualTo("peft4j");
    assertThat(stopped.id()).isNotEmpty();
    ChatResponse cut =
        model(small.generator()).chat(request(parameters().maxOutputTokens(7).build()));
    assertThat(cut.tokenUsage().outputTokenCount()).isEqualTo(7);
    assertThat(cut.finishReason()).isEqualTo(FinishReason.LENGTH);
    assertThat(model(saying("yes")).chat("well?")).isEqualTo("yes");
  }

  @Test
  void aConversationGoesOnFromWhatWasComputed() {
    Generator seven = small.generator().with(GenerationConfig.builder().maxNewTokens(7).build());
    Peft4jChatModel model = model(seven);
    Peft4jChatModel without =
        Peft4jChatModel.builder()
            .generator(seven)
            .chatSettings(small.settings)
            .cacheBytes(0)
            .build();
    List<dev.langchain4j.data.message.ChatMessage> messages = new ArrayList<>();
    messages.add(SystemMessage.from("be brief and say what you know about everything"));
    long before = 0;
    for (String said : List.of("hello", "and then?", "really?")) {
      messages.add(UserMessage.from(said));
      ChatResponse answer = model.chat(messages);
      assertThat(answer.aiMessage().text()).isEqualTo(without.chat(messages).aiMessage().text());
      if (messages.size() > 2) {
        assertThat(model.reusedTokens() - before).isGreaterThan(before == 0 ? 50 : 60);
        before = model.reusedTokens();
      }
      messages.add(answer.aiMessage());
    }
    assertThat(model.cachedBytes()).isPositive();
    assertThat(without.cachedBytes()).isZero();
    assertThat(without.reusedTokens()).isZero();
    assertThatThrownBy(() -> Peft4jChatModel.builder().cacheBytes(-1))
        .hasMessageContaining("cacheBytes is -1");
  }

  @Test
  void aTemplateThatTellsNothingOfToolsRefusesThem() {
    var bare =
        Peft4jChatModel.builder()
            .generator(small.generator())
            .chatSettings(
                dev.peft4j.generate.ChatSettings.of(
                    dev.peft4j.chat.ChatTemplate.builtIn("chatml"),
                    small.tokenizer,
                    GenerationConfig.builder().build()))
            .build();
    var tools = parameters().toolSpecifications(WEATHER).build();
    assertThatThrownBy(() -> bare.chat(request(tools)))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("does not tell the model of them");
  }

  @Test
  void honoursParameters() {
    var stop = parameters().stopSequences("d", "xx").build();
    ChatResponse r = model(saying("abcdef")).chat(request(stop));
    assertThat(r.aiMessage().text()).isEqualTo("abc");
    assertThat(r.finishReason()).isEqualTo(FinishReason.STOP);

    Generator seeded = small.generator().with(GenerationConfig.builder().seed(5).build());
    var hot = parameters().temperature(1.5).topK(20).topP(0.9).maxOutputTokens(12).build();
    int[] prompt =
        small.settings.prompt(
            small.tokenizer,
            List.of(dev.peft4j.chat.ChatMessage.user("hello")),
            dev.peft4j.chat.RenderOptions.NONE);
    GenerationConfig own =
        small.settings.with(
            GenerationConfig.builder()
                .seed(5)
                .temperature(1.5)
                .topK(20)
                .topP(0.9)
                .maxNewTokens(12)
                .build());
    String expected =
        seeded
            .run(List.of(new GenerationRequest(prompt, own, null)), GenerationListener.NONE)
            .text();
    assertThat(model(seeded).chat(request(hot)).aiMessage().text()).isEqualTo(expected);
    var cold = parameters().temperature(0.0).maxOutputTokens(12).build();
    String greedy = model(seeded).chat(request(cold)).aiMessage().text();
    assertThat(greedy).isEqualTo(model(small.generator()).chat(request(cold)).aiMessage().text());
    Peft4jChatModel withDefaults =
        Peft4jChatModel.builder()
            .generator(seeded)
            .chatSettings(small.settings)
            .defaultRequestParameters(hot)
            .build();
    assertThat(withDefaults.chat("hello")).isEqualTo(expected);
  }

  @Test
  void jsonKeepsToItsSchema() throws Exception {
    JsonSchema schema =
        JsonSchema.builder()
            .name("tree")
            .rootElement(
                JsonObjectSchema.builder()
                    .addEnumProperty("kind", List.of("oak", "elm"))
                    .addIntegerProperty("age")
                    .addProperty(
                        "rings", JsonArraySchema.builder().items(new JsonIntegerSchema()).build())
                    .addProperty("next", JsonReferenceSchema.builder().reference("node").build())
                    .definitions(
                        java.util.Map.of(
                            "node",
                            JsonObjectSchema.builder()
                                .addBooleanProperty("leaf")
                                .required("leaf")
                                .build()))
                    .required("kind", "age", "rings", "next")
                    .build())
            .build();
    var format =
        ResponseFormat.builder()
            .type(dev.langchain4j.model.chat.request.ResponseFormatType.JSON)
            .jsonSchema(schema)
            .build();
    for (int seed = 0; seed < 5; seed++) {
      Generator g =
          small
              .generator()
              .with(GenerationConfig.builder().seed(seed).temperature(2).maxNewTokens(150).build());
      ChatResponse r = model(g).chat(request(parameters().responseFormat(format).build()));
      JsonNode value = new ObjectMapper().readTree(r.aiMessage().text());
      assertThat(value.path("kind").asText()).isIn("oak", "elm");
      assertThat(value.path("age").isIntegralNumber()).isTrue();
      assertThat(value.path("rings").isArray()).isTrue();
      assertThat(value.path("next").path("leaf").isBoolean()).isTrue();
      assertThat(r.finishReason()).isEqualTo(FinishReason.STOP);
    }
    var any = parameters().responseFormat(ResponseFormat.JSON).maxOutputTokens(80).build();
    String text = model(small.generator()).chat(request(any)).aiMessage().text();
    assertThat(new ObjectMapper().readTree(text).isObject()).isTrue();
  }

  @Test
  void callsOfToolsAreParsed() {
    var tools = parameters().toolSpecifications(WEATHER).build();
    for (String form :
        List.of(
            "<tool_call>\n"
                + "{\"name\": \"weather\", \"arguments\": {\"city\": \"Paris\"}}\n"
                + "</tool_call>",
            "[TOOL_CALLS][{\"name\": \"weather\", \"arguments\": {\"city\": \"Paris\"}}]",
            "{\"name\": \"weather\", \"parameters\": {\"city\": \"Paris\"}}")) {
      ChatResponse r = model(saying(form)).chat(request(tools));
      assertThat(r.finishReason()).isEqualTo(FinishReason.TOOL_EXECUTION);
      assertThat(r.aiMessage().text()).isNull();
      ToolExecutionRequest call = r.aiMessage().toolExecutionRequests().getFirst();
      assertThat(call.name()).isEqualTo("weather");
      assertThat(call.arguments()).isEqualTo("{\"city\":\"Paris\"}");
      assertThat(call.id()).matches("[a-zA-Z0-9]{9}");
    }
    ChatResponse plain = model(saying("{\"name\": \"x\"}")).chat(request(tools));
    assertThat(plain.aiMessage().text()).isEqualTo("{\"name\": \"x\"}");
    assertThat(plain.finishReason()).isEqualTo(FinishReason.STOP);
  }

  @Test
  void theConversationReachesTheTemplate() {
    ToolExecutionRequest call =
        ToolExecutionRequest.builder()
            .id("call00001")
            .name("weather")
            .arguments("{\"city\": \"Rome\"}")
            .build();
    var messages =
        List.of(
            SystemMessage.from("be brief"),
            UserMessage.from("hi"),
            AiMessage.from(call),
            ToolExecutionResultMessage.from(call, "sunny"));
    String text =
        small
            .settings
            .template()
            .render(
                messages.stream().map(Messages::message).toList(),
                dev.peft4j.chat.RenderOptions.NONE.tools(Messages.tools(List.of(WEATHER))))
            .text();
    assertThat(text)
        .contains("tools [{\"type\": \"function\", \"function\": {\"name\": \"weather\"")
        .contains("\"required\": [\"city\"]")
        .contains("<|im_start|>system be brief<|im_end|><|im_start|>user hi<|im_end|>")
        .contains("assistant (weather {\"city\": \"Rome\"})")
        .endsWith("<|im_start|>tool sunny<|im_end|>");
  }

  @Test
  void adaptersAreChosenByName() {
    AdaptedModel<CausalLm> adapted =
        PeftModel.of(
            small.lm,
            LoraConfig.builder().targets("q_proj", "v_proj", "down_proj").r(4).alpha(64).build());
    adapted
        .adapters()
        .addMatching("second", LoraConfig.builder().targets("down_proj").r(4).alpha(64).build());
    for (var p : adapted.adapters().namedParameters()) {
      float[] v = new float[p.parameter().shape().size()];
      for (int i = 0; i < v.length; i++) {
        v[i] = (float) Math.sin(i + p.name().hashCode() % 100);
      }
      p.parameter().set(v);
    }
    var builder =
        Peft4jChatModel.builder()
            .generator(small.generator())
            .chatSettings(small.settings)
            .adapters(adapted.adapters())
            .adapter("default")
            .modelName("small");
    Peft4jChatModel model = builder.build();
    var ten = parameters().maxOutputTokens(10);
    String first = model.chat(request(ten.build())).aiMessage().text();
    ChatResponse second = model.chat(request(ten.modelName("second").build()));
    assertThat(second.modelName()).isEqualTo("second");
    assertThat(second.aiMessage().text()).isNotEqualTo(first);
    assertThat(model.chat(request(ten.modelName("small").build())).aiMessage().text())
        .isEqualTo(first);
    assertThat(model.chat(request(ten.modelName("default").build())).aiMessage().text())
        .isEqualTo(first);
    assertThatThrownBy(() -> model.chat(request(ten.modelName("third").build())))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("'third'")
        .hasMessageContaining("second");
    var chatml =
        dev.peft4j.generate.ChatSettings.of(
            dev.peft4j.chat.ChatTemplate.builtIn("chatml"),
            small.tokenizer,
            GenerationConfig.builder().build());
    Peft4jChatModel each = builder.chatSettings("second", chatml).build();
    int own = second.tokenUsage().inputTokenCount();
    ChatResponse byItsOwn = each.chat(request(ten.modelName("second").build()));
    assertThat(byItsOwn.tokenUsage().inputTokenCount()).isNotEqualTo(own);
    assertThat(each.chat(request(ten.modelName("small").build())).aiMessage().text())
        .isEqualTo(first);
    assertThatThrownBy(() -> builder.chatSettings("fourth", chatml).build())
        .hasMessageContaining("fourth")
        .hasMessageContaining("second");
    assertThatThrownBy(() -> builder.adapter("third").build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("third");
  }

  @Test
  void whatCannotBeHonouredIsRefused() {
    Peft4jChatModel model = model(small.generator());
    assertThatThrownBy(() -> model.chat(request(parameters().frequencyPenalty(1.0).build())))
        .isInstanceOf(UnsupportedFeatureException.class);
    assertThatThrownBy(
            () ->
                model.chat(
                    request(
                        parameters()
                            .toolSpecifications(WEATHER)
                            .toolChoice(ToolChoice.REQUIRED)
                            .build())))
        .isInstanceOf(UnsupportedFeatureException.class);
    assertThatThrownBy(() -> model.chat(UserMessage.from(ImageContent.from("http://a/b.png"))))
        .isInstanceOf(UnsupportedFeatureException.class)
        .hasMessageContaining("IMAGE");
    assertThatThrownBy(() -> model.chat("x".repeat(3000)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("context");
    assertThatThrownBy(() -> model.chat(request(parameters().topP(3.0).build())))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("top_p is 3");
    assertThatThrownBy(() -> Peft4jChatModel.builder().build())
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** What a handler hears. */
  private static final class Heard implements StreamingChatResponseHandler {
    final List<String> parts = new ArrayList<>();
    final List<CompleteToolCall> calls = new ArrayList<>();
    final CompletableFuture<ChatResponse> end = new CompletableFuture<>();
    int cancelAfter = Integer.MAX_VALUE;

    @Override
    public void onPartialResponse(PartialResponse part, PartialResponseContext context) {
      parts.add(part.text());
      if (parts.size() >= cancelAfter) {
        context.streamingHandle().cancel();
      }
    }

    @Override
    public void onCompleteToolCall(CompleteToolCall call) {
      calls.add(call);
    }

    @Override
    public void onCompleteResponse(ChatResponse response) {
      end.complete(response);
    }

    @Override
    public void onError(Throwable e) {
      end.completeExceptionally(e);
    }
  }

  private Heard stream(Generator generator, ChatRequest request, Heard heard) {
    Peft4jStreamingChatModel.builder()
        .generator(generator)
        .chatSettings(small.settings)
        .executor(Runnable::run)
        .build()
        .chat(request, heard);
    return heard;
  }

  @Test
  void streamsTheSameText() {
    for (var parameters :
        List.of(parameters().build(), parameters().toolSpecifications(WEATHER).build())) {
      Heard heard = stream(saying("so, a < b is [so]"), request(parameters), new Heard());
      assertThat(String.join("", heard.parts)).isEqualTo("so, a < b is [so]");
      assertThat(heard.parts).hasSizeGreaterThan(5);
      assertThat(heard.end.join().aiMessage().text()).isEqualTo("so, a < b is [so]");
    }
  }

  @Test
  void callsAreNotStreamedAsText() {
    String call = "<tool_call>{\"name\": \"weather\", \"arguments\": {}}</tool_call>";
    ChatRequest request = request(parameters().toolSpecifications(WEATHER).build());
    Heard heard = stream(saying("wait.\n" + call), request, new Heard());
    assertThat(String.join("", heard.parts)).isEqualTo("wait.");
    assertThat(heard.calls).hasSize(1);
    assertThat(heard.end.join().finishReason()).isEqualTo(FinishReason.TOOL_EXECUTION);
    heard = stream(saying("{\"name\": \"weather\", \"parameters\": {}}"), request, new Heard());
    assertThat(heard.parts).isEmpty();
    assertThat(heard.calls).hasSize(1);
    heard = stream(saying("{\"no\": 1}"), request, new Heard()); // it was none after all
    assertThat(String.join("", heard.parts)).isEqualTo("{\"no\": 1}");
  }

  @Test
  void streamingIsCancelledAndFails() {
    Heard heard = new Heard();
    heard.cancelAfter = 2;
    stream(saying("abcdefgh"), request(parameters().build()), heard);
    assertThat(heard.parts).hasSize(2);
    assertThat(heard.end).isNotDone();
    ChatRequest tooLong =
        ChatRequest.builder().messages(UserMessage.from("x".repeat(3000))).build();
    assertThat(stream(small.generator(), tooLong, new Heard()).end).isCompletedExceptionally();
  }
}
