package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.net.FakeHub;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The script that was packed, as a user calls it. */
@DisabledOnOs(OS.WINDOWS)
class LauncherIT {
  private static final Path LAUNCHER =
      Path.of("target", "peft4j", "bin", "peft4j").toAbsolutePath();

  @TempDir Path folder;

  private record Run(int code, String out, String err) {}

  private static void await(Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + 60_000_000_000L;
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("within a minute").isLessThan(end);
      Thread.sleep(10);
    }
  }

  private Run run(String... args) throws IOException, InterruptedException {
    return run(Map.of(), args);
  }

  private Run run(Map<String, String> environment, String... args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(LAUNCHER.toString()));
    command.addAll(List.of(args));
    File err = folder.resolve("err").toFile();
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(err);
    builder.directory(folder.toFile());
    builder.environment().put("JAVA25_HOME", System.getProperty("java.home"));
    builder.environment().putAll(environment);
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Run(process.waitFor(), out, Files.readString(err.toPath()));
  }

  @Test
  void runsWithTheFlagsThatTheJvmNeeds() throws Exception {
    Run devices = run("devices");
    assertThat(devices.code()).isZero();
    assertThat(devices.out().lines()).first().asString().startsWith("cpu ").endsWith(" (default)");
    Run predict = run("predict", "-m", TinyModel.write(folder.resolve("m")).toString(), "a film");
    assertThat(predict.code()).isZero();
    // without its flags peft4j would say which are missing
    assertThat(predict.err()).doesNotContain("--add-modules", "--enable-native-access");
  }

  /** Either there are accelerators, or a sentence on standard error says what is missing. */
  @Test
  void listsAcceleratorsOrSaysWhatIsMissing() throws Exception {
    Run devices = run("devices", "--json");
    assertThat(devices.code()).isZero();
    assertThat(devices.out()).contains("{\"id\":\"cpu\",");
    if (!devices.out().contains("{\"id\":\"tornado:0\",")) {
      assertThat(devices.err()).contains("no accelerators: ").containsPattern("TornadoVM");
      Run train = run("predict", "-m", "m", "a film", "--device", "tornado");
      assertThat(train.code()).isEqualTo(1);
      assertThat(train.err()).contains("TornadoVM");
    }
  }

  @Test
  void aDefaultDeviceThatIsNotThereIsASentence() throws Exception {
    String model = TinyModel.write(folder.resolve("m")).toString();
    Run predict = run(Map.of("PEFT4J_DEVICE", "abacus"), "predict", "-m", model, "a film");
    assertThat(predict.code()).isEqualTo(1);
    assertThat(predict.err())
        .contains("peft4j predict: no device or backend named 'abacus'; there are the devices [cpu")
        .doesNotContain("Exception");
  }

  /** As in a container that sets no locale; the bytes come from a shell, as a user's do. */
  @Test
  void textsAreUtf8WhereNoLocaleIsSet() throws Exception {
    TinyModel.write(folder.resolve("m"));
    ProcessBuilder builder =
        new ProcessBuilder(
            "sh",
            "-c",
            "\"$1\" predict -m m \"$(printf 'gr\\303\\266\\303\\237e')\" @m -- -h",
            "sh",
            LAUNCHER.toString());
    builder.directory(folder.toFile()).redirectError(folder.resolve("err").toFile());
    builder.environment().put("JAVA25_HOME", System.getProperty("java.home"));
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(Files.readString(folder.resolve("err"))).isZero();
    assertThat(out.lines().map(l -> l.substring(l.lastIndexOf('\t') + 1)))
        .containsExactly("gr\u00f6\u00dfe", "@m", "-h");
  }

  @Test
  void passesArgumentsAndTheExitCodeOn() throws Exception {
    assertThat(run("--version").out()).startsWith("peft4j 0.").contains("Java 25");
    Run missing = run("inspect", "a folder");
    assertThat(missing.code()).isEqualTo(1);
    assertThat(missing.err()).contains("peft4j inspect: a folder: does not exist");
    assertThat(run("inspect").code()).isEqualTo(2);
  }

  @Test
  void trainsAndPredicts() throws Exception {
    TinyModel.write(folder.resolve("model"));
    Files.writeString(folder.resolve("train.jsonl"), TinyModel.jsonLines(20, 1));
    Run train =
        run("train", "-m", "model", "-d", "train.jsonl", "-o", "run", "--epochs", "1", "--json");
    assertThat(train.code()).as(train.err()).isZero();
    assertThat(train.out()).startsWith("{\"steps\":2,");
    assertThat(train.err()).contains("trainable params: ", "100%");
    Run predict = run("predict", "-m", "model", "-a", "run/adapter", "the film was great");
    assertThat(predict.out()).endsWith("\tthe film was great\n");
  }

  /** No notice of Java's, of a library's or of a logger's stands between a user and the results. */
  @Test
  void standardErrorHasNothingThatIsNotForTheUser() throws Exception {
    TinyModel.write(folder.resolve("model"));
    Files.writeString(folder.resolve("train.jsonl"), TinyModel.jsonLines(20, 1));
    Files.writeString(folder.resolve("test.csv"), TinyModel.csv(8, 2));
    String train = "train -m model -d train.jsonl --eval test.csv -o run --epochs 1 --quiet";
    assertThat(run(train.split(" ")).err().lines())
        .singleElement()
        .asString()
        .startsWith("trainable params: ");
    for (String command :
        List.of(
            "eval -m model -a run/adapter -d test.csv",
            "predict -m model -a run/adapter film",
            "merge -m model -a run/adapter -o merged",
            "inspect run/adapter",
            "inspect --check merged/model.safetensors",
            "train --help",
            "--help",
            "--version")) {
      Run run = run(command.split(" "));
      assertThat(run.code()).as(command + "\n" + run.err()).isZero();
      assertThat(run.err()).as(command).isEmpty();
    }
    assertThat(run("devices").err().lines())
        .allSatisfy(line -> assertThat(line).startsWith("no accelerators: "));
  }

  /** What Java itself says when it cannot start is no notice. */
  @Test
  void aFlagThatJavaDoesNotKnowIsSaid() throws Exception {
    Run run = run(Map.of("PEFT4J_OPTS", "-XX:+NoSuchFlag"), "--version");
    assertThat(run.code()).isEqualTo(1);
    // it may come through the launcher's filter after Java has ended
    await(() -> Files.readString(folder.resolve("err")).contains("NoSuchFlag"));
  }

  /** Every command of docs/cli.md, as it is printed there. */
  @Test
  void theCommandsOfTheDocumentationRun() throws Exception {
    TinyModel.write(folder.resolve("model"));
    Files.writeString(folder.resolve("train.jsonl"), TinyModel.jsonLines(40, 1));
    Files.writeString(folder.resolve("test.csv"), TinyModel.csv(20, 2));
    String page = Files.readString(Path.of("..", "..", "docs", "cli.md"));
    List<String> commands =
        Pattern.compile("(?ms)^```sh\n(.*?)^```")
            .matcher(page)
            .results()
            .flatMap(m -> m.group(1).lines())
            .toList();
    assertThat(commands).hasSizeGreaterThan(8);
    try (FakeHub hub = new FakeHub()) { // where the page's model is a tiny one
      DownloadCommandTest.publish(hub, "google-bert/bert-base-uncased", folder.resolve("model"));
      for (String command : commands) {
        runAsPrinted(command, hub.uri().toString());
      }
    }
    assertThat(Files.readAllLines(folder.resolve("predictions.jsonl"))).hasSize(40);
  }

  private void runAsPrinted(String command, String hub) throws Exception {
    ProcessBuilder builder = new ProcessBuilder("sh", "-c", command);
    builder.directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().put("JAVA25_HOME", System.getProperty("java.home"));
    builder.environment().put("HF_ENDPOINT", hub);
    builder.environment().put("HF_HOME", folder.resolve("hf").toString());
    builder.environment().remove("HF_HUB_CACHE");
    builder.environment().remove("HF_HUB_OFFLINE");
    builder
        .environment()
        .merge("PATH", LAUNCHER.getParent().toString(), (old, bin) -> bin + ":" + old);
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(command + "\n" + out).isZero();
  }

  /** As Ctrl-C and the end of a job do: the step is finished and there is a checkpoint of it. */
  @Test
  void aTrainingThatIsAskedToEndWritesACheckpoint() throws Exception {
    TinyModel.write(folder.resolve("model"));
    Files.writeString(folder.resolve("train.jsonl"), TinyModel.jsonLines(40, 1));
    ProcessBuilder builder =
        new ProcessBuilder(
            LAUNCHER.toString(),
            "train",
            "-m",
            "model",
            "-d",
            "train.jsonl",
            "-o",
            "run",
            "--epochs",
            "100000",
            "--checkpoint-every",
            "100000",
            "--quiet");
    builder.directory(folder.toFile()).redirectErrorStream(true);
    builder.redirectOutput(folder.resolve("out").toFile());
    builder.environment().put("JAVA25_HOME", System.getProperty("java.home"));
    Process process = builder.start();
    Path losses = folder.resolve("run").resolve("loss.csv");
    while (process.isAlive() && (!Files.exists(losses) || Files.readAllLines(losses).size() < 9)) {
      Thread.sleep(20);
    }
    process.destroy();
    assertThat(process.waitFor()).isEqualTo(128 + 15);
    long steps = Files.readAllLines(losses).size() - 1;
    assertThat(folder.resolve("run/checkpoints/checkpoint-" + steps)).isDirectory();
    assertThat(Files.readString(folder.resolve("out"))).doesNotContain("Exception");
  }
}
