package dev.peft4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The environment means what it means to Python's huggingface_hub. */
class HubSettingsTest {
  @TempDir Path home;

  private HubSettings of(String... pairs) {
    Map<String, String> env = new java.util.HashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      env.put(pairs[i], pairs[i + 1]);
    }
    return HubSettings.of(env, home);
  }

  @Test
  void places() {
    assertThat(of().cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
    assertThat(of("XDG_CACHE_HOME", "/x").cache()).isEqualTo(Path.of("/x/huggingface/hub"));
    assertThat(of("HF_HOME", "~/h").cache()).isEqualTo(home.resolve("h/hub"));
    assertThat(of("HF_HOME", "/h", "HUGGINGFACE_HUB_CACHE", "/old").cache())
        .isEqualTo(Path.of("/old"));
    assertThat(of("HF_HOME", "/h", "HUGGINGFACE_HUB_CACHE", "/old", "HF_HUB_CACHE", "/c").cache())
        .isEqualTo(Path.of("/c"));
    assertThat(of().endpoint()).isEqualTo(URI.create("https://huggingface.co"));
    assertThat(of("HF_ENDPOINT", "http://localhost:8080/hub/").endpoint())
        .isEqualTo(URI.create("http://localhost:8080/hub"));
    assertThatThrownBy(() -> of("HF_ENDPOINT", "ftp://x"))
        .hasMessage("HF_ENDPOINT is 'ftp://x', expected an address such as https://huggingface.co");
    assertThat(of().timeout()).isEqualTo(Duration.ofSeconds(30));
    assertThat(of("HF_HUB_DOWNLOAD_TIMEOUT", "5").timeout()).isEqualTo(Duration.ofSeconds(5));
    assertThat(of("HF_HUB_OFFLINE", "yes").offline()).isTrue();
    assertThat(of("TRANSFORMERS_OFFLINE", "1").offline()).isTrue();
    assertThat(of("HF_HUB_OFFLINE", "0").offline()).isFalse();
  }

  @Test
  void tokens() throws IOException {
    assertThat(of().token()).isNull();
    assertThat(of("HF_TOKEN", " hf_a\n").token()).isEqualTo("hf_a");
    Files.createDirectories(home.resolve(".cache/huggingface"));
    Files.writeString(home.resolve(".cache/huggingface/token"), "hf_file\n");
    assertThat(of().token()).isEqualTo("hf_file");
    assertThat(of().tokenSource()).endsWith("token");
    assertThat(of("HUGGING_FACE_HUB_TOKEN", "hf_old").token()).isEqualTo("hf_old");
    Files.writeString(home.resolve("t"), "hf_other");
    assertThat(of("HF_TOKEN_PATH", "~/t").token()).isEqualTo("hf_other");
    assertThat(of("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1").hasToken()).isFalse();
  }

  @Test
  void proxies() {
    EnvironmentProxy proxies =
        new EnvironmentProxy(
            Map.of("HTTPS_PROXY", "http://proxy.local:3128", "NO_PROXY", "localhost, .inside.org"),
            null);
    List<Proxy> some = proxies.select(URI.create("https://huggingface.co/a"));
    assertThat(some)
        .extracting(Proxy::address)
        .containsExactly(InetSocketAddress.createUnresolved("proxy.local", 3128));
    for (String direct :
        List.of("https://localhost/a", "https://hub.inside.org/a", "http://huggingface.co/a")) {
      assertThat(proxies.select(URI.create(direct))).containsExactly(Proxy.NO_PROXY);
    }
  }
}
