package dev.peft4j.samples.assistant;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The assistant has learned its answers, and gives a value where one is asked for. */
class AssistantTest {
  @Test
  void answers() throws Exception {
    Path model = Path.of(AssistantTest.class.getResource("/stories260k").toURI());
    var out = new ByteArrayOutputStream();
    Assistant.run(model, 150, new PrintStream(out, true, StandardCharsets.UTF_8));
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("Where is Lily? Lily is in the park.")
        .containsPattern("mood: (HAPPY|SAD)");
  }
}
