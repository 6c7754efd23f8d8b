package dev.peft4j.samples.kotlin

import java.io.ByteArrayOutputStream
import java.io.PrintStream
import java.nio.file.Path
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class WorkflowTest {
  @TempDir private lateinit var folder: Path

  @Test
  fun tellsTheWholeStory() {
    val out = ByteArrayOutputStream()
    val before = System.out
    System.setOut(PrintStream(out, true))
    val holds =
      try {
        Workflow().run(folder.resolve("adapter"))
      } finally {
        System.setOut(before)
      }
    val text = out.toString()
    assertThat(holds).`as`(text).isTrue()
    assertThat(text)
      .contains(
        "base_model.model.linear.lora_A.default.weight",
        "trainable params: 6 || all params: 18 || trainable%: 33.3333",
        "adapter_config.json",
        "adapter_model.safetensors",
      )
      .doesNotContain("FAILED")
    assertThat(text.lines().filter { it.startsWith("ok ") }).hasSize(4)
  }
}
