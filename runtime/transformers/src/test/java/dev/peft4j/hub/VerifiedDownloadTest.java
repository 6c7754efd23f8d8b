package dev.peft4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.net.FakeHub;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One file from anywhere, by its size and hash. */
class VerifiedDownloadTest {
  @TempDir Path temp;
  private FakeHub hub;
  private final byte[] content = new byte[50_000];
  private URI uri;
  private Path file;

  @BeforeEach
  void start() throws IOException {
    new Random(2).nextBytes(content);
    hub = new FakeHub().file("a/b", "a file.jar", content, true);
    uri = URI.create(hub.uri() + "/a/b/resolve/main/a%20file.jar");
    file = temp.resolve("a file.jar");
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private VerifiedDownload download(URI from, long size) {
    return VerifiedDownload.of(from, size, FakeHub.sha256(content)).waits(new Waits());
  }

  @Test
  void goesOnWhereItWasBrokenOff() throws IOException {
    Files.write(temp.resolve("a file.jar.incomplete"), Arrays.copyOf(content, 40_000));
    download(uri, content.length).to(file);
    assertThat(file).hasBinaryContent(content);
    assertThat(hub.stored).extracting(FakeHub.Request::range).containsExactly("bytes=40000-");
    download(uri, content.length).to(file);
    assertThat(hub.stored).as("it is there").hasSize(1);
    assertThat(temp.resolve("a file.jar.incomplete")).doesNotExist();
  }

  @Test
  void refusesWhatIsSomethingElse() throws IOException {
    hub.damaged = true;
    assertThatThrownBy(() -> download(uri, content.length).to(file))
        .isInstanceOf(HubException.class)
        .hasMessageStartingWith(uri.toString())
        .hasMessageContaining("the hash of a file.jar is wrong");
    assertThat(file).doesNotExist();
    URI other = URI.create(hub.uri() + "/a/b/resolve/main/none.jar");
    assertThatThrownBy(() -> download(other, 5).to(file))
        .hasMessage(other + ": there is no such file (404); check the address");
    assertThatThrownBy(() -> VerifiedDownload.of(URI.create("file:///x"), 5, "0".repeat(64)))
        .hasMessageContaining("is not an http or https address");
    assertThatThrownBy(() -> VerifiedDownload.of(uri, 5, "abc"))
        .hasMessageContaining("abc is not a SHA-256");
  }
}
