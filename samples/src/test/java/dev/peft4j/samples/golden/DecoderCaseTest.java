package dev.peft4j.samples.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Cases of decoders: a model, a classifier, and weights of 16 bits in several files. */
class DecoderCaseTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private @TempDir Path cases;

  private static Path resources() throws URISyntaxException {
    return Path.of(
        Objects.requireNonNull(DecoderCaseTest.class.getResource("/golden-decoders")).toURI());
  }

  private List<String> run(Path folder) {
    Golden.run(folder, new PrintStream(out, true, StandardCharsets.UTF_8), System.err);
    return out.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void agreesWithTransformers() throws URISyntaxException {
    List<String> lines = run(resources());
    assertThat(lines.getLast()).contains(" 0 failed");
    for (String name : List.of("gpt2-seqcls ", "llama-bf16-sharded ", "phi3-longrope ")) {
      assertThat(lines).anyMatch(l -> l.startsWith(name) && l.endsWith("  ok"));
    }
    assertThat(lines).anyMatch(l -> l.startsWith("phi3-longrope/gen.greedy ") && l.endsWith("ok"));
  }

  @Test
  void aWrongSettingIsNoticed() throws IOException, URISyntaxException {
    Path from = resources().resolve("phi3-longrope");
    try (Stream<Path> all = Files.walk(from)) {
      for (Path p : all.toList()) {
        Path to = cases.resolve(from.relativize(p).toString());
        if (!Files.exists(to)) {
          Files.copy(p, to);
        }
      }
    }
    Path hub = cases.resolve("hub_config.json");
    String text = Files.readString(hub);
    Files.writeString(hub, text.replaceFirst("\"sliding_window\": 24", "\"sliding_window\": 3"));
    assertThat(run(cases).getFirst())
        .contains("FAILED: output differs by")
        .contains("in hub_config's logits");
  }
}
