package dev.peft4j.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Calls of tools are found in each form in which models write them. */
class ToolCallsTest {
  private static final List<String> TOOLS = List.of("weather", "add");
  private static final ToolCalls.Call PARIS =
      new ToolCalls.Call(null, "weather", "{\"city\":\"Paris\"}");

  private static ToolCalls parse(String answer) {
    return ToolCalls.parse(answer, TOOLS);
  }

  @Test
  void qwenAndHermes() {
    ToolCalls one =
        parse(
            "Let me look.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\":"
                + " \"Paris\"}}\n</tool_call>");
    assertThat(one).isEqualTo(new ToolCalls("Let me look.", List.of(PARIS)));
    ToolCalls two =
        parse(
            "<tool_call>{\"name\":\"weather\",\"arguments\":{\"city\":\"Paris\"}}</tool_call>\n"
                + "<tool_call>{\"name\":\"add\",\"arguments\":\"{\\\"a\\\":1}\"}");
    assertThat(two.calls()).containsExactly(PARIS, new ToolCalls.Call(null, "add", "{\"a\":1}"));
    assertThat(two.text()).isEmpty();
  }

  @Test
  void mistral() {
    ToolCalls old =
        parse(
            "[TOOL_CALLS][{\"name\": \"weather\", \"arguments\": {\"city\": \"Paris\"}, \"id\":"
                + " \"abcdefghi\"}, {\"name\": \"add\", \"arguments\": {}}]");
    assertThat(old.calls())
        .containsExactly(
            new ToolCalls.Call("abcdefghi", "weather", "{\"city\":\"Paris\"}"),
            new ToolCalls.Call(null, "add", "{}"));
    assertThat(parse("[TOOL_CALLS]weather[CALL_ID]x1[ARGS]{\"city\": \"Paris\"}").calls())
        .containsExactly(new ToolCalls.Call("x1", "weather", "{\"city\":\"Paris\"}"));
    assertThat(
            parse("[TOOL_CALLS]weather[ARGS]{\"city\": \"Paris\"}[TOOL_CALLS]add{\"a\": 2}")
                .calls())
        .containsExactly(PARIS, new ToolCalls.Call(null, "add", "{\"a\":2}"));
  }

  @Test
  void llama() {
    String call = "{\"name\": \"weather\", \"parameters\": {\"city\": \"Paris\"}}";
    assertThat(parse(call).calls()).containsExactly(PARIS);
    assertThat(parse("<|python_tag|>" + call + " ; " + call).calls()).containsExactly(PARIS, PARIS);
    assertThat(parse("<function=weather>{\"city\": \"Paris\"}</function>").calls())
        .containsExactly(PARIS);
    String nested =
        "{\"type\": \"function\", \"function\": {\"name\": \"weather\", \"parameters\": {\"city\":"
            + " \"Paris\"}}}";
    assertThat(parse(nested).calls()).containsExactly(PARIS);
  }

  @Test
  void whatIsNoCallStaysText() {
    for (String text :
        List.of(
            "Hello.",
            "",
            "{\"name\": \"other\", \"parameters\": {}}",
            "{\"name\": \"weather\", \"parameters\": [1]}",
            "{\"a\": 1}",
            "{\"name\": \"weather\", \"parameters\": {}} and more",
            "<tool_call>{\"name\": \"weather\", \"arguments\": {\"city\"",
            "[TOOL_CALLS][{\"name\": \"weather\"",
            "[TOOL_CALLS]",
            "<function=weather>{")) {
      assertThat(parse(text)).as(text).isEqualTo(new ToolCalls(text, List.of()));
    }
  }
}
