package dev.peft4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.net.FakeHub;
import dev.peft4j.net.FakeHub.Request;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Downloads with every fault of servers and networks. */
class HubDownloadFaultsTest extends HubDownloadCase {

  private Path partial() {
    return model().resolve("blobs").resolve(FakeHub.sha256(weights) + ".incomplete");
  }

  @Test
  void aDownloadThatWasBrokenOffGoesOn() throws IOException {
    hub.truncations.set(2);
    hub.truncateAfter = 100_000;
    Path folder = download().run();
    assertThat(folder.resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(hub.stored)
        .extracting(Request::range)
        .containsExactly(null, "bytes=100000-", "bytes=200000-");
    assertThat(events)
        .anyMatch(e -> e instanceof HubEvent.Waiting w && w.sentence().contains("was interrupted"));
  }

  @Test
  void whatANetworkLeftIsKeptForTheNextRun() throws IOException {
    hub.truncations.set(Integer.MAX_VALUE);
    hub.truncateAfter = 0;
    Files.createDirectories(partial().getParent());
    Files.write(partial(), Arrays.copyOf(weights, 77));
    fails(
        download(),
        "model.safetensors was interrupted after 77 of 300000 bytes",
        "try again to continue");
    assertThat(partial()).hasSize(77);
    assertThat(model().resolve("refs")).doesNotExist();
    assertThatThrownBy(() -> ModelFolders.resolve(MODEL, settings()))
        .hasMessageContaining("a download was started")
        .hasMessageContaining("peft4j download " + MODEL);
    hub.truncations.set(0);
    hub.stored.clear();
    assertThat(download().run().resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(hub.stored).extracting(Request::range).containsExactly("bytes=77-");
  }

  /** It may be of another version, longer than the file, whole, or the server knows no ranges. */
  @Test
  void aBeginningThatDoesNotFitIsReplaced() throws IOException {
    Files.createDirectories(partial().getParent());
    Files.write(partial(), new byte[200]);
    assertThat(download().run().resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(hub.stored).hasSize(2);
    for (int size : new int[] {weights.length + 5, weights.length, 400, 500}) {
      try (Stream<Path> all = Files.walk(model())) {
        all.sorted(java.util.Comparator.reverseOrder()).forEach(p -> p.toFile().delete());
      }
      Files.createDirectories(partial().getParent());
      Files.write(partial(), Arrays.copyOf(weights, size));
      hub.ranges = size != 400;
      hub.refusesRanges = size == 500;
      hub.stored.clear();
      assertThat(download().run().resolve("model.safetensors")).hasBinaryContent(weights);
      assertThat(hub.stored)
          .as("%d", size)
          .hasSize(size == weights.length ? 0 : size == 500 ? 2 : 1);
    }
  }

  @Test
  void whatHasAnotherHashIsAnError() {
    hub.damaged = true;
    fails(download().include("model.safetensors"), "the hash of model.safetensors is wrong");
    fails(download().include("config.json"), "the hash of config.json is wrong");
    assertThat(partial()).doesNotExist();
    assertThat(model().resolve("snapshots")).doesNotExist();
  }

  @Test
  void aServerThatStandsStillIsAskedAgain() throws IOException {
    hub.stalls.set(1);
    hub.stall = 20_000;
    Path folder =
        download(MODEL, settings().withTimeout(Duration.ofMillis(300)))
            .include("model.safetensors")
            .run();
    assertThat(folder.resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(hub.stored).extracting(Request::range).contains("bytes=1000-");
  }

  @Test
  void tooManyRequests() throws IOException {
    hub.failures.set(2);
    hub.retryAfter = "7";
    download().run();
    assertThat(waited).contains(Duration.ofSeconds(7), Duration.ofSeconds(7));
    assertThat(events).contains(new HubEvent.Waiting(MODEL + ": too many requests, waiting 7 s"));
    hub.failures.set(1);
    hub.retryAfter = "3600";
    fails(download(), "too many requests (429)", "asks to wait 60 minutes", "HF_TOKEN");
    hub.failures.set(Integer.MAX_VALUE);
    hub.failStatus = 503;
    hub.retryAfter = "";
    fails(download(), "the server has failed repeatedly", "(503)", "try again later");
    hub.failStatus = 418;
    fails(download(), "(418)");
  }

  @Test
  void namesThatLeadOutOfTheFolder() throws IOException {
    for (String name :
        List.of("../x", "a/../../x", "/etc/x", "a//b", "C:x", "a\\\\..\\\\x", ".", "x\\u0000")) {
      hub.hostile = name;
      fails(download(), "which could be written outside of the folder; nothing is downloaded");
      fails(download().to(temp.resolve("plain")), "outside of the folder");
    }
    assertThat(temp.resolve("plain")).doesNotExist();
    assertThat(temp.resolve("hf")).doesNotExist();
  }

  @Test
  void redirectsThatAreNotFollowed() {
    hub.redirect = "file:///etc/passwd";
    fails(download(), "is redirected", "file", "not followed");
    hub.redirect = hub.uri() + "/" + MODEL + "/resolve/main/model.safetensors";
    fails(download(), "is redirected repeatedly");
    hub.redirect = "http://nowhere.invalid/x";
    fails(download(), "there is no host nowhere.invalid");
  }

  @Test
  void twoAtOnceDownloadOnce() throws Exception {
    hub.stall = 300;
    hub.stalls.set(4);
    for (HubDownload[] pair :
        List.of(
            new HubDownload[] {download(), download()},
            new HubDownload[] {
              download().to(temp.resolve("p")), download().to(temp.resolve("p"))
            })) {
      hub.stored.clear();
      CompletableFuture<Path> first = CompletableFuture.supplyAsync(() -> unchecked(pair[0]));
      CompletableFuture<Path> second = CompletableFuture.supplyAsync(() -> unchecked(pair[1]));
      assertThat(first.get().resolve("model.safetensors")).hasBinaryContent(weights);
      assertThat(second.get()).isEqualTo(first.get());
      assertThat(hub.stored).hasSize(1);
      assertThat(tree(first.get())).noneMatch(p -> p.endsWith(".incomplete"));
    }
  }

  private static Path unchecked(HubDownload download) {
    try {
      return download.run();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void anInterruptedThreadStopsAndLeavesWhatCame() throws Exception {
    hub.stall = 20_000;
    hub.stalls.set(1);
    Throwable[] thrown = {null};
    Thread thread =
        new Thread(
            () -> {
              try {
                download().include("model.safetensors").run();
              } catch (Throwable t) {
                thrown[0] = t;
              }
            });
    thread.start();
    while (!Files.exists(partial()) || Files.size(partial()) < 1000) {
      Thread.sleep(5);
    }
    thread.interrupt();
    thread.join(5_000);
    assertThat(thrown[0]).isInstanceOf(InterruptedIOException.class);
    assertThat(partial()).hasSize(1000);
  }

  @Test
  void offline() throws IOException {
    HubSettings offline = settings().withOffline(true);
    fails(download(MODEL, offline), "HF_HUB_OFFLINE is set", "not in the Hub's cache");
    assertThat(hub.requests).isEmpty();
    Path folder = download().run();
    hub.requests.clear();
    assertThat(download(MODEL, offline).run()).isEqualTo(folder);
    assertThat(hub.requests).isEmpty();
    hub.close();
    fails(download(), "cannot connect to localhost", "HF_ENDPOINT");
  }

  @Test
  void aFullDisk() {
    fails(download().freeSpace(p -> 1000), "needs 0.3 MB more in", "the disk has only 0.0 MB left");
    assertThat(hub.stored).isEmpty();
  }
}
