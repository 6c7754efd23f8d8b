package dev.peft4j.samples.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkflowTest {
  private @TempDir Path folder;

  @Test
  void tellsTheWholeStory() throws IOException {
    String text = run();
    assertThat(text)
        .contains(
            "linear.weight\ntensor(",
            "base_model.model.linear.base_layer.weight\ntensor(",
            "base_model.model.linear.base_layer.bias\ntensor(",
            "base_model.model.linear.lora_A.default.weight\ntensor(",
            "base_model.model.linear.lora_B.default.weight\n"
                + "tensor([[0.],\n        [0.],\n        [0.],\n        [0.]], requires_grad=True)",
            "trainable params: 6 || all params: 18 || trainable%: 33.3333",
            "adapter_config.json",
            "adapter_model.safetensors")
        .doesNotContain("FAILED");
    String adapted = text.substring(text.indexOf("2. The same"), text.indexOf("3. Training"));
    assertThat(matches("^(\\S+)\\ntensor\\([^=]*=True\\)", adapted))
        .containsExactly(
            "base_model.model.linear.lora_A.default.weight",
            "base_model.model.linear.lora_B.default.weight");
    List<Double> losses =
        matches("step +\\d+ +loss (\\S+)", text).stream().map(Double::valueOf).toList();
    assertThat(losses).hasSizeGreaterThan(3).isSortedAccordingTo((a, b) -> Double.compare(b, a));
    assertThat(matches("^(ok) ", text)).hasSize(4);
  }

  private String run() throws IOException {
    PrintStream before = System.out;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
      assertThat(new Workflow().run(folder.resolve("adapter"))).isTrue();
    } finally {
      System.setOut(before);
    }
    return out.toString(StandardCharsets.UTF_8).replace("\r\n", "\n");
  }

  private static List<String> matches(String regex, String text) {
    List<String> found = new ArrayList<>();
    for (MatchResult m :
        Pattern.compile(regex, Pattern.MULTILINE).matcher(text).results().toList()) {
      found.add(m.group(1));
    }
    return found;
  }
}
