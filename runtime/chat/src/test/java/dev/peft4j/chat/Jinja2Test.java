package dev.peft4j.chat;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Random templates, which jinja2 has rendered too: the same text, or the same error. */
class Jinja2Test {
  private final JsonNode file = read();
  private final RenderOptions options = context(file);

  private static JsonNode read() {
    try (InputStream in = Jinja2Test.class.getResourceAsStream("jinja2.json")) {
      return new ObjectMapper().readTree(Objects.requireNonNull(in));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static RenderOptions context(JsonNode file) {
    Clock clock =
        Clock.fixed(
            LocalDateTime.parse(file.path("now").asText()).toInstant(ZoneOffset.UTC),
            ZoneOffset.UTC);
    RenderOptions options = RenderOptions.NONE.clock(clock);
    for (var e : file.path("context").properties()) {
      options = options.variable(e.getKey(), e.getValue());
    }
    return options;
  }

  private String outcome(String template) {
    try {
      return "text: " + ChatTemplate.of(template).evaluate(options);
    } catch (ChatTemplateException e) {
      return e.pythonType() + ": " + e.problem();
    }
  }

  @Test
  void rendersWhatJinja2Renders() {
    List<String> wrong = new ArrayList<>();
    int rendered = 0;
    for (JsonNode s : file.path("snippets")) {
      boolean text = s.has("rendered");
      rendered += text ? 1 : 0;
      String expected =
          text
              ? "text: " + s.path("rendered").asText()
              : s.path("error").path("type").asText()
                  + ": "
                  + s.path("error").path("message").asText();
      String found = outcome(s.path("template").asText());
      if (!found.equals(expected)) {
        wrong.add(s.path("template") + "\n  expected " + expected + "\n  found    " + found);
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(rendered).isGreaterThan(900);
  }
}
