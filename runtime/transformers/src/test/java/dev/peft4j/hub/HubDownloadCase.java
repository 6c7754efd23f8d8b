package dev.peft4j.hub;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.net.FakeHub;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A model on a Hub on this machine, and downloads of it. */
abstract class HubDownloadCase {
  static final String MODEL = "tester/tiny-bert";
  static final String CONFIG = "{\"model_type\": \"bert\"}\n";

  @TempDir Path temp;
  FakeHub hub;
  final byte[] weights = new byte[300_000];
  final List<HubEvent> events = new ArrayList<>();
  final List<Duration> waited = new ArrayList<>();

  @BeforeEach
  void start() throws IOException {
    new Random(1).nextBytes(weights);
    hub = new FakeHub();
    hub.file(MODEL, "config.json", CONFIG)
        .file(MODEL, "vocab.txt", "a\nb\n")
        .file(MODEL, "README.md", "# A model\n")
        .file(MODEL, "1_Pooling/config.json", "{}")
        .file(MODEL, "onnx/config.json", "{}")
        .file(MODEL, "model.safetensors", weights, true)
        .file(MODEL, "pytorch_model.bin", new byte[10], true);
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  HubSettings settings() {
    return HubSettings.of(Map.of("HF_HOME", temp.resolve("hf").toString()), temp)
        .withEndpoint(hub.uri());
  }

  HubDownload download() {
    return download(MODEL, settings());
  }

  HubDownload download(String name, HubSettings settings) {
    return HubDownload.of(HubName.parse(name), settings)
        .listener(events::add)
        .waits(
            new Waits() {
              @Override
              void sleep(Duration time) throws InterruptedIOException {
                waited.add(time);
                super.sleep(Duration.ofMillis(Math.min(5, time.toMillis())));
              }
            });
  }

  Path model() {
    return temp.resolve("hf/hub/models--tester--tiny-bert");
  }

  static List<String> tree(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(p -> !Files.isDirectory(p, java.nio.file.LinkOption.NOFOLLOW_LINKS))
          .map(p -> folder.relativize(p).toString().replace('\\', '/'))
          .sorted()
          .toList();
    }
  }

  void fails(HubDownload download, String... parts) {
    assertThatThrownBy(download::run)
        .isInstanceOf(HubException.class)
        .message()
        .startsWith(MODEL.substring(0, 6))
        .contains(parts)
        .doesNotContain("\n");
  }
}
