package dev.peft4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.net.FakeHub;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Downloads from a Hub on this machine. */
class HubDownloadTest extends HubDownloadCase {

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
