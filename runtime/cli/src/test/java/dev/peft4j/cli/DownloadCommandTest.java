package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.net.FakeHub;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model is downloaded once, and its name stands for its folder from then on. */
class DownloadCommandTest {
  private static final String NAME = "tester/tiny-bert";

  @TempDir Path temp;
  private FakeHub hub;
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void start() throws IOException {
    hub = new FakeHub();
    publish(hub, NAME, TinyModel.write(temp.resolve("source")));
    hub.file(NAME, "tf_model.h5", new byte[100_000], true);
    environment.put("HF_ENDPOINT", hub.uri().toString());
    environment.put("HF_HOME", temp.resolve("hf").toString());
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  static void publish(FakeHub hub, String name, Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path f : files.filter(Files::isRegularFile).toList()) {
        String file = f.getFileName().toString();
        hub.file(name, file, Files.readAllBytes(f), file.endsWith(".safetensors"));
      }
    }
  }

  private Run run(Object... args) {
    return ScopedValue.where(HubAccess.ENVIRONMENT, environment).call(() -> Run.of(args));
  }

  @Test
  void aNameThatIsNotInTheCacheSaysHowToGetIt() {
    String sentence =
        NAME + ": there is no such folder, and it is not in the Hub's cache " + temp.resolve("hf");
    String command = "; get it with 'peft4j download " + NAME + "'";
    run("predict", "-m", NAME, "a film").failed("peft4j predict: " + sentence, command);
    run("predict", "-m", NAME + "@v1", "a film")
        .failed("'peft4j download " + NAME + " --revision v1'");
    run("inspect", NAME).failed(sentence, command);
    Path model = temp.resolve("source");
    run("predict", "-m", model, "-a", NAME, "a film").failed(sentence, command);
    run("predict", "-m", model.resolve("x"), "a film").failed("does not exist, expected a folder");
    assertThat(hub.requests).as("nothing is ever asked for").isEmpty();
  }

  @Test
  void whatWasDownloadedHasItsName() throws IOException {
    Run download = run("download", NAME).ok();
    Path folder = Path.of(download.out().strip());
    assertThat(folder).isDirectory().startsWith(temp.resolve("hf"));
    assertThat(download.err())
        .contains(NAME + ": ", " to download", "sizes and hashes are right")
        .doesNotContain("tf_model");
    assertThat(run("download", NAME).ok().err()).isEmpty();
    String expected = Run.of("predict", "-m", temp.resolve("source"), "the film was fine").out();
    assertThat(run("predict", "-m", NAME, "the film was fine").ok().out()).isEqualTo(expected);
    assertThat(run("predict", "-m", NAME + "@" + FakeHub.COMMIT, "the film was fine").ok().out())
        .isEqualTo(expected);
    assertThat(run("inspect", NAME, "--json").json().path("kind").asText()).isEqualTo("model");

    Path data = temp.resolve("data.jsonl");
    Files.writeString(data, TinyModel.jsonLines(12, 1));
    Path out = temp.resolve("run");
    run("train", "-m", NAME, "-d", data, "-o", out, "--epochs", 1, "--quiet").ok();
    Path adapter = out.resolve("adapter");
    assertThat(adapter.resolve("adapter_config.json"))
        .content()
        .contains("\"base_model_name_or_path\": \"" + NAME + "\"");
    publish(hub, "tester/films", adapter);
    run("download", "tester/films", "--quiet").ok();
    Run predict = run("predict", "-m", NAME, "-a", "tester/films", "the film was fine").ok();
    assertThat(predict.out())
        .isEqualTo(run("predict", "-m", NAME, "-a", adapter, "the film was fine").ok().out());
    assertThat(run("eval", "-m", NAME, "-a", "tester/films", "-d", data, "--json").json())
        .isNotEmpty();
    run("merge", "-m", NAME, "-a", "tester/films", "-o", temp.resolve("merged")).ok();
    assertThat(run("predict", "-m", temp.resolve("merged"), "the film was fine").ok().out())
        .isNotEmpty();
  }

  /** As after Python's {@code AutoTokenizer.from_pretrained}. */
  @Test
  void aCacheWithoutTheWeights() {
    run("download", NAME, "--include", "*.json", "--quiet").ok();
    run("predict", "-m", NAME, "a film")
        .failed(
            NAME + ": is in the Hub's cache without weights",
            "get them with 'peft4j download " + NAME + "'");
    run("download", NAME, "--quiet").ok();
    run("predict", "-m", NAME, "a film").ok();
  }

  @Test
  void listsWithoutDownloading() throws IOException {
    Run list = run("download", NAME, "--dry-run").ok();
    assertThat(list.out())
        .contains("model.safetensors", "config.json", " in all, ", " to download");
    JsonNode tree = run("download", NAME, "--dry-run", "--json", "--include", "*.h5").json();
    assertThat(tree.path("files")).hasSize(1);
    assertThat(tree.path("to_download").asLong()).isEqualTo(100_000);
    assertThat(temp.resolve("hf")).doesNotExist();
  }

  @Test
  void aPlainFolderAndAnOtherRevision() throws IOException {
    hub.revision("v1", "b".repeat(40));
    Path to = temp.resolve("plain");
    JsonNode tree = run("download", NAME, "--revision", "v1", "--to", to, "--json").json();
    assertThat(tree.path("folder").asText()).isEqualTo(to.toString());
    assertThat(run("predict", "-m", to, "the film was fine").ok().out()).isNotEmpty();
  }

  @Test
  void mistakesAreOneSentence() {
    Run name = run("download", "../tiny");
    assertThat(name.code()).isEqualTo(2);
    assertThat(name.err()).contains("'../tiny' is not a name on the Hugging Face Hub");
    run("download", "tester/nothing").failed("tester/nothing: there is no such model on http");
    run("download", NAME, "--revision", "v7").failed(NAME + "@v7: has no such revision");
    environment.put("HF_HUB_OFFLINE", "1");
    run("download", NAME).failed("HF_HUB_OFFLINE is set");
    environment.put("HF_ENDPOINT", "huggingface");
    assertThat(run("download", NAME).err()).contains("HF_ENDPOINT is 'huggingface', expected");
  }
}
