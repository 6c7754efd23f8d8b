package dev.peft4j.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.Peft4jException;
import dev.peft4j.chat.ChatTemplateException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplateTest {
  private static final String CHATML =
      """
      {%- for message in messages %}
          {{- '<|im_start|>' + message.role + '\\n' }}
          {%- if message.role == 'assistant' %}
              {%- generation %}{{ message.content + '<|im_end|>' }}{% endgeneration %}
          {%- else %}
              {{- message.content + '<|im_end|>' }}
          {%- endif %}
          {{- '\\n' }}
      {%- endfor %}
      {%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}
      """;
  private static final List<ChatMessage> TURN =
      List.of(ChatMessage.user("Hi"), ChatMessage.assistant("Hello 👋"));

  @TempDir Path folder;

  private static JsonNode json(String text) {
    try {
      return new ObjectMapper().readTree(text);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String render(String template, List<ChatMessage> messages, RenderOptions options) {
    return ChatTemplate.of(template).render(messages, options).text();
  }

  private static ChatTemplateException failure(String template) {
    return catchThrowableOfType(
        ChatTemplateException.class, () -> ChatTemplate.of("t", template).render(TURN));
  }

  @Test
  void rendersAConversation() {
    assertThat(render(CHATML, TURN, RenderOptions.NONE.addGenerationPrompt(true)))
        .isEqualTo(
            "<|im_start|>user\n"
                + "Hi<|im_end|>\n"
                + "<|im_start|>assistant\n"
                + "Hello 👋<|im_end|>\n"
                + "<|im_start|>assistant\n");
  }

  @Test
  void saysWhatTheAssistantSaid() {
    ChatTemplate template = ChatTemplate.of(CHATML);
    RenderedChat chat =
        template.render(List.of(TURN.get(0), TURN.get(1), TURN.get(0), TURN.get(1)));
    assertThat(template.marksGeneration()).isTrue();
    assertThat(chat.generated())
        .extracting(s -> chat.text().substring(s.start(), s.end()))
        .containsExactly("Hello 👋<|im_end|>", "Hello 👋<|im_end|>");
    assertThat(ChatTemplate.of("{{ generation }}").marksGeneration()).isFalse();
  }

  @Test
  void keepsToolCallsAsTheyWereWritten() {
    JsonNode call =
        json(
            "[{\"z\": 1.0, \"a\": [1, 1e3, 12345678901234567890, null, true], \"m\": {\"é\":"
                + " \"<&'>\"}}]");
    ChatMessage message = ChatMessage.assistant("").with("tool_calls", call);
    assertThat(
            render(
                "{{ messages[0].tool_calls | tojson }} {{ messages[0].tool_calls }}",
                List.of(message),
                RenderOptions.NONE))
        .isEqualTo(
            "[{\"z\": 1.0, \"a\": [1, 1000.0, 12345678901234567890, null, true], \"m\": {\"é\":"
                + " \"<&'>\"}}] [{'z': 1.0, 'a': [1, 1000.0, 12345678901234567890, None, True],"
                + " 'm': {'é': \"<&'>\"}}]");
  }

  @Test
  void goesOnWithTheLastMessage() {
    RenderOptions on = RenderOptions.NONE.continueFinalMessage(true);
    assertThat(render(CHATML, TURN, on)).endsWith("assistant\nHello 👋");
    String trimming = "{% for m in messages %}[{{ m.content | trim }}]{% endfor %}";
    assertThat(render(trimming, List.of(ChatMessage.assistant("one, \n")), on)).isEqualTo("[one,");
    ChatMessage blocks =
        ChatMessage.assistant("")
            .with(
                "content", json("[{\"type\": \"text\", \"text\": \"a\"}, {\"type\": \"image\"}]"));
    assertThat(render("{{ messages[0].content[0].text }}!", List.of(blocks), on)).isEqualTo("a");
    ChatMessage thought = ChatMessage.assistant("x").with("reasoning_content", "hm");
    assertThat(
            render(
                "<{{ messages[0].reasoning_content }}>",
                List.of(thought),
                RenderOptions.NONE.continueFinalMessage("reasoning_content")))
        .isEqualTo("<hm");
    assertThatThrownBy(() -> render("nothing of content", TURN, on))
        .hasMessageContaining("not in the rendered text");
    assertThatThrownBy(
            () -> render(CHATML, TURN, RenderOptions.NONE.continueFinalMessage("thinking")))
        .hasMessageContaining("has no \"thinking\"");
    assertThatThrownBy(() -> render(CHATML, TURN, on.addGenerationPrompt(true)))
        .hasMessageContaining("choose one");
  }

  @Test
  void givesTemplatesWhatTransformersGives() {
    RenderOptions options =
        RenderOptions.NONE
            .tools(json("[{\"name\": \"f\"}]"))
            .variable("enable_thinking", false)
            .variable("bos_token", "<B>")
            .clock(Clock.fixed(Instant.parse("2024-07-06T15:04:05Z"), ZoneOffset.UTC));
    String template =
        "{{ tools[0].name }} {{ documents }} {{ add_generation_prompt }} {{ enable_thinking }} {{"
            + " bos_token }} {{ eos_token }} {{ strftime_now('%d %b %Y') }} {{ custom is defined"
            + " }}";
    String text =
        ChatTemplate.of(template)
            .withSpecialTokens(Map.of("bos_token", "<s>", "eos_token", "</s>"))
            .render(TURN, options)
            .text();
    assertThat(text).isEqualTo("f None False False <B> </s> 06 Jul 2024 False");
  }

  @Test
  void namesTemplateLineAndColumn() {
    ChatTemplateException e =
        failure("first\n  {% if messages %}\n{{ messages[0].content..x }}{% endif %}");
    assertThat(e)
        .isInstanceOf(Peft4jException.class)
        .hasMessage("t, line 3, column 24: expected name or number");
    assertThat(e.kind()).isEqualTo(Kind.SYNTAX);
    assertThat(failure("{% for x in y %}").getMessage())
        .contains("line 1")
        .contains("'endfor' or 'else'");
    ChatTemplateException raised = failure("\n {{ raise_exception('Roles must alternate') }}");
    assertThat(raised.kind()).isEqualTo(Kind.RAISED);
    assertThat(raised.problem()).isEqualTo("Roles must alternate");
    assertThat(raised.line()).isEqualTo(2);
    ChatTemplateException failed = failure("{{ messages[0].name.first }}");
    assertThat(failed.kind()).isEqualTo(Kind.FAILED);
    assertThat(failed.pythonType()).isEqualTo("UndefinedError");
    assertThat(failed.problem()).isEqualTo("'dict object' has no attribute 'name'");
  }

  @Test
  void refusesWhatIsNoConversation() {
    ChatTemplate template = ChatTemplate.of(CHATML);
    for (String bad : List.of("[]", "{}", "[1]", "\"x\"")) {
      ChatTemplateException e =
          catchThrowableOfType(
              ChatTemplateException.class, () -> template.render(json(bad), RenderOptions.NONE));
      assertThat(e.kind()).as(bad).isEqualTo(Kind.INPUT);
    }
    assertThatThrownBy(() -> template.render(TURN, RenderOptions.NONE.tools(json("[1]"))))
        .hasMessageContaining("tool 1 is not a JSON object: 1");
    assertThatThrownBy(() -> template.render(TURN, RenderOptions.NONE.documents(json("{}"))))
        .hasMessageContaining("documents are an array");
    assertThatThrownBy(() -> ChatMessage.of(json("3")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void readsAModelsFolder() throws IOException {
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"bos_token\": {\"content\": \"<s>\"}, \"eos_token\": \"</s>\", \"pad_token\": null,"
            + " \"chat_template\": \"{{ bos_token }}{{ eos_token }}{{ pad_token }}\"}");
    assertThat(ChatTemplate.fromFolder(folder).render(TURN).text()).isEqualTo("<s></s>");
    Files.writeString(folder.resolve("chat_template.jinja"), "file {{ bos_token }}\n");
    assertThat(ChatTemplate.fromFolder(folder).render(TURN).text()).isEqualTo("file <s>");
  }

  @Test
  void choosesAmongSeveralTemplates() throws IOException {
    Path config = folder.resolve("tokenizer_config.json");
    Files.writeString(
        config,
        "{\"chat_template\": [{\"name\": \"default\", \"template\": \"plain\"}, {\"name\":"
            + " \"tool_use\", \"template\": \"tools\"}, {\"name\": \"rag\", \"template\":"
            + " \"rag\"}]}");
    ChatTemplate template = ChatTemplate.fromFolder(folder);
    assertThat(template.names()).containsExactly("default", "tool_use", "rag");
    assertThat(template.render(TURN).text()).isEqualTo("plain");
    assertThat(template.render(TURN, RenderOptions.NONE.tools(json("[]"))).text())
        .isEqualTo("tools");
    assertThat(ChatTemplate.fromFolder(folder, "rag").render(TURN).text()).isEqualTo("rag");
    assertThatThrownBy(() -> ChatTemplate.fromFolder(folder, "x"))
        .hasMessageContaining("default, tool_use, rag");
    Files.writeString(
        config,
        "{\"chat_template\": [{\"name\": \"a\", \"template\": \"\"}, {\"name\": \"b\","
            + " \"template\": \"\"}]}");
    assertThatThrownBy(() -> ChatTemplate.fromFolder(folder)).hasMessageContaining("a, b");
    Files.writeString(config, "{}");
    assertThatThrownBy(() -> ChatTemplate.fromFolder(folder))
        .hasMessageContaining("has no chat template");
    Files.writeString(config, "{");
    assertThatThrownBy(() -> ChatTemplate.fromFolder(folder)).hasMessageContaining("is not JSON");
  }
}
