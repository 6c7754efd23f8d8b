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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Downloads from a Hub on this machine, in peace and with every fault of servers and networks. */
class HubDownloadTest {
  private static final String MODEL = "tester/tiny-bert";
  private static final String CONFIG = "{\"model_type\": \"bert\"}\n";

  @TempDir Path temp;
  private FakeHub hub;
  private final byte[] weights = new byte[300_000];
  private final List<HubEvent> events = new ArrayList<>();
  private final List<Duration> waited = new ArrayList<>();

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

  private HubSettings settings() {
    return HubSettings.of(Map.of("HF_HOME", temp.resolve("hf").toString()), temp)
        .withEndpoint(hub.uri());
  }

  private HubDownload download() {
    return download(MODEL, settings());
  }

  private HubDownload download(String name, HubSettings settings) {
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

  private Path model() {
    return temp.resolve("hf/hub/models--tester--tiny-bert");
  }

  private Path partial() {
    return model().resolve("blobs").resolve(FakeHub.sha256(weights) + ".incomplete");
  }

  private static List<String> tree(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(p -> !Files.isDirectory(p, java.nio.file.LinkOption.NOFOLLOW_LINKS))
          .map(p -> folder.relativize(p).toString().replace('\\', '/'))
          .sorted()
          .toList();
    }
  }

  private void fails(HubDownload download, String... parts) {
    assertThatThrownBy(download::run)
        .isInstanceOf(HubException.class)
        .message()
        .startsWith(MODEL.substring(0, 6))
        .contains(parts)
        .doesNotContain("\n");
  }

  @Test
  void writesTheCacheAsHuggingFaceHubDoes() throws IOException {
    Path folder = download().run();
    assertThat(folder).isEqualTo(model().resolve("snapshots").resolve(FakeHub.COMMIT));
    String git = FakeHub.gitSha1(CONFIG.getBytes());
    assertThat(tree(temp.resolve("hf/hub")))
        .contains(
            "CACHEDIR.TAG",
            ".locks/models--tester--tiny-bert/" + git + ".lock",
            "models--tester--tiny-bert/blobs/" + git,
            "models--tester--tiny-bert/blobs/" + FakeHub.sha256(weights),
            "models--tester--tiny-bert/refs/main",
            "models--tester--tiny-bert/snapshots/" + FakeHub.COMMIT + "/1_Pooling/config.json")
        .noneMatch(p -> p.endsWith(".incomplete") || p.contains("peft4j"));
    assertThat(Files.readString(model().resolve("refs/main"))).isEqualTo(FakeHub.COMMIT);
    assertThat(Files.readSymbolicLink(folder.resolve("config.json")))
        .isEqualTo(Path.of("../../blobs/" + git));
    assertThat(Files.readSymbolicLink(folder.resolve("1_Pooling/config.json")).toString())
        .startsWith("../../../blobs/");
    assertThat(folder.resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(tree(folder))
        .containsExactly("1_Pooling/config.json", "config.json", "model.safetensors", "vocab.txt");
    assertThat(ModelFolders.resolve(MODEL, settings())).isEqualTo(folder);
    assertThat(ModelFolders.name(folder)).isEqualTo(MODEL);
  }

  @Test
  void whatIsThereIsNotDownloadedAgain() throws IOException {
    Path folder = download().run();
    hub.stored.clear();
    hub.requests.clear();
    assertThat(download().run()).isEqualTo(folder);
    assertThat(hub.stored).isEmpty();
    assertThat(hub.requests).noneMatch(r -> r.path().contains("/resolve/"));
    // a new commit with the same weights: they are linked, not fetched
    String next = "f".repeat(40);
    hub.revision("main", next).file(MODEL, "config.json", "{\"model_type\": \"bert\", \"v\": 2}");
    Path second = download().run();
    assertThat(second).isEqualTo(model().resolve("snapshots").resolve(next));
    assertThat(second.resolve("config.json")).content().contains("\"v\": 2");
    assertThat(second.resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(hub.stored).isEmpty();
    assertThat(folder.resolve("config.json")).hasContent(CONFIG.strip());
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
  void theTokenGoesToTheHubAlone() throws IOException {
    hub.token = "hf_secret";
    fails(download(), "there is no such model", "private or gated (401)", "HF_TOKEN");
    fails(
        download(MODEL, settings().withToken("hf_other")),
        "the token from the program is not valid (401)");
    download(MODEL, settings().withToken(" hf_secret\n")).run();
    assertThat(hub.stored).isNotEmpty().allMatch(r -> r.token() == null);
    assertThat(hub.requests).anyMatch(r -> "Bearer hf_secret".equals(r.token()));
    assertThat(settings().withToken("hf_secret").toString()).doesNotContain("secret");
    assertThatThrownBy(download(MODEL, settings().withToken("hf_\u20ac\u0007"))::run)
        .hasMessageContaining("characters that are not allowed in a token")
        .hasMessageNotContaining("\u20ac");
  }

  @Test
  void gatedModels() {
    hub.token = "hf_secret";
    hub.gated = true;
    fails(download(), "is a gated model: ask for access", "HF_TOKEN", "(401)");
    fails(
        download(MODEL, settings().withToken("hf_other")),
        "is a gated model",
        "the token from the program has none yet (403)");
  }

  @Test
  void whatTheHubDoesNotHave() {
    fails(download("tester/nothing", settings()), "there is no such model", "(401)");
    fails(
        download("tester/nothing", settings().withToken("hf_x")),
        "there is no such model",
        "(404)");
    fails(download(MODEL + "@v9", settings()), "@v9: has no such revision", "(404)");
    fails(download().include("*.gguf"), "no files that match the patterns", "'config.json'");
    hub.file("tester/pickled", "config.json", "{}")
        .file("tester/pickled", "pytorch_model.bin", new byte[3], true);
    fails(
        download("tester/pickled", settings()),
        "has no weights in safetensors, only 'pytorch_model.bin'",
        "--include");
  }

  @Test
  void revisionsAreBranchesTagsAndCommits() throws IOException {
    String commit = "a".repeat(40);
    hub.revision("refs/pr/1", commit);
    assertThat(download(MODEL + "@refs/pr/1", settings()).run()).endsWith(Path.of(commit));
    assertThat(Files.readString(model().resolve("refs/refs/pr/1"))).isEqualTo(commit);
    assertThat(model().resolve("refs/main")).doesNotExist();
    assertThat(ModelFolders.resolve(MODEL + "@" + commit, settings())).endsWith(Path.of(commit));
    assertThat(ModelFolders.resolve(MODEL + "@refs/pr/1", settings())).endsWith(Path.of(commit));
    assertThatThrownBy(() -> ModelFolders.resolve(MODEL, settings()))
        .hasMessageStartingWith(
            MODEL + ": there is no such folder, and it is not in the Hub's cache")
        .hasMessageEndingWith("get it with 'peft4j download tester/tiny-bert'");
    assertThatThrownBy(() -> HubName.parse("a/b@../../x"))
        .hasMessageContaining("is not a revision");
    assertThatThrownBy(() -> HubName.parse("../x")).hasMessageContaining("expected owner/model");
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
  void aPlainFolder() throws IOException {
    Path plain = temp.resolve("plain");
    hub.truncations.set(Integer.MAX_VALUE);
    fails(download().to(plain), "was interrupted");
    assertThat(plain.resolve("model.safetensors.incomplete")).isNotEmptyFile();
    hub.truncations.set(0);
    assertThat(download().to(plain).run()).isEqualTo(plain);
    assertThat(tree(plain))
        .containsExactly("1_Pooling/config.json", "config.json", "model.safetensors", "vocab.txt");
    assertThat(plain.resolve("config.json").toRealPath()).hasContent(CONFIG.strip());
    hub.stored.clear();
    download().to(plain).run();
    assertThat(hub.stored).isEmpty();
    Files.writeString(plain.resolve("config.json"), "mine");
    fails(download().to(plain), "config.json already exists with other contents");
    assertThat(plain.resolve("config.json")).hasContent("mine");
    assertThat(download().to(plain).overwrite(true).run().resolve("config.json"))
        .hasContent(CONFIG.strip());
    assertThat(temp.resolve("hf")).doesNotExist();
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

  /** Windows without the right to make links: the files themselves are in the snapshot. */
  @Test
  void withoutLinks() throws IOException {
    Path folder = download().links(false).run();
    assertThat(Files.isSymbolicLink(folder.resolve("config.json"))).isFalse();
    assertThat(folder.resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(ModelFolders.resolve(MODEL, settings())).isEqualTo(folder);
    hub.stored.clear();
    download().links(false).run();
    assertThat(hub.stored).isEmpty();
  }

  @Test
  void listsOfManyPagesAndMirrorsWithoutThem() throws IOException {
    hub.pageSize = 2;
    List<HubFile> files = download().list();
    assertThat(files)
        .extracting(HubFile::path)
        .containsExactlyInAnyOrder(
            "config.json", "vocab.txt", "1_Pooling/config.json", "model.safetensors");
    assertThat(files).allMatch(f -> f.size() >= 0 && f.hash() != null && !f.present());
    assertThat(temp.resolve("hf")).doesNotExist();
    hub.noTree = true;
    assertThat(download().run().resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(download().list()).allMatch(HubFile::present);
  }

  @Test
  void patternsOfFiles() throws IOException {
    assertThat(tree(download().include("*.json").exclude("onnx/").run()))
        .containsExactly("1_Pooling/config.json", "config.json");
    assertThat(Glob.matches("*.[jt]*", "a/b.json")).isTrue();
    assertThat(Glob.matches("model-?.x", "model-10.x")).isFalse();
    assertThat(Glob.matches("[!a-c]*", "dog")).isTrue();
    assertThat(Glob.matches("[!a-c]*", "bird")).isFalse();
    assertThat(Glob.matches("[x", "[x")).isTrue();
    assertThat(Glob.matches("*a*a*a*a*a*a*a*a*b", "a".repeat(5000))).isFalse();
  }
}
