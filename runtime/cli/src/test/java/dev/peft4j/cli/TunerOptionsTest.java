package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.nn.Embedding;
import dev.peft4j.tuner.TunerDescription;
import dev.peft4j.tuner.TunerSetting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every tuner is on the command line, with its settings. */
class TunerOptionsTest {
  /** Settings of tuners whose defaults need a larger model. */
  private static final Map<String, List<String>> SMALL =
      Map.of(
          "C3A", List.of("--block-size", "4"),
          "VBLORA", List.of("--vector-length", "4"),
          "FOURIERFT", List.of("--frequencies", "20"),
          "WAVEFT", List.of("--frequencies", "20"),
          "SHIRA", List.of("--rank", "2"),
          "MISS", List.of("--rank", "4"),
          "PSOFT", List.of("--rank", "4"),
          "GRALORA", List.of("--rank", "8"),
          "ROAD", List.of("--group-size", "8"));

  /**
   * Tuners that a classifier on BERT cannot have: they need to know each text's task or have
   * adapters of their own, or are for decoders ({@link CausalLmCommandTest}).
   */
  private static final Set<String> NOT_HERE =
      Set.of(
          "POLY",
          "MULTITASK_PROMPT_TUNING",
          "XLORA",
          "PREFIX_TUNING",
          "CARTRIDGE",
          "CPT",
          "ADAPTION_PROMPT",
          "SHADOW");

  @TempDir static Path shared;
  @TempDir Path folder;
  private static Path model;
  private static Path data;

  @BeforeAll
  static void write() throws IOException {
    model = TinyModel.write(shared.resolve("model"));
    data = shared.resolve("train.jsonl");
    Files.writeString(data, TinyModel.jsonLines(24, 1));
  }

  private Run train(Object... more) {
    List<Object> args =
        new ArrayList<>(
            List.of("train", "-m", model, "-d", data, "-o", folder, "--steps", "2", "--quiet"));
    args.addAll(List.of(more));
    return Run.of(args.toArray());
  }

  private AdapterConfig config() throws IOException {
    return AdapterFolder.read(folder.resolve("adapter")).config();
  }

  @Test
  void everyTunerTrainsAClassifier() throws IOException {
    for (TunerDescription tuner : TunerDescription.all()) {
      String type = tuner.tuner().peftType();
      if (NOT_HERE.contains(type)) {
        continue;
      }
      Path out = folder.resolve(type);
      List<Object> args =
          new ArrayList<>(List.of("train", "-m", model, "-d", data, "-o", out, "--steps", "2"));
      args.addAll(List.of("--quiet", "--tuner", type.toLowerCase(Locale.ROOT)));
      for (TunerSetting setting : tuner.settings()) {
        if (setting.usual() == null) {
          args.addAll(List.of("--" + setting.option(), "5"));
        }
      }
      if (tuner.tuner().layerTypes().contains(Embedding.class) && !type.equals("LORA")) {
        args.addAll(List.of("--target", "word_embeddings"));
      }
      args.addAll(SMALL.getOrDefault(type, List.of()));
      Run.of(args.toArray()).ok();
      assertThat(AdapterFolder.read(out.resolve("adapter")).config().text("peft_type"))
          .isEqualTo(type);
      Run.of("predict", "-m", model, "-a", out.resolve("adapter"), "the film was great").ok();
    }
  }

  @Test
  void everySettingIsListed() {
    String help = Run.of("train", "--help").ok().out().replaceAll("\\s+", " ");
    for (TunerDescription tuner : TunerDescription.all()) {
      if (!tuner.settings().isEmpty()) {
        assertThat(help).containsPattern(Pattern.quote(tuner.title()) + "(, [^:]*)?: ");
      }
      for (TunerSetting setting : tuner.settings()) {
        assertThat(help.contains(" --" + setting.option()))
            .as(setting.name())
            .isEqualTo(setting.isText());
        assertThat(setting.description()).as(setting.name()).endsWith(".");
      }
    }
    assertThat(help).contains("--alpha=N", "Default: 16.");
  }

  @Test
  void theSettingsReachTheAdapter() throws IOException {
    train(
            "--rank",
            "4",
            "--alpha",
            "6",
            "--rslora",
            "--init",
            "gaussian",
            "--dropout",
            "0.5",
            "--bias",
            "lora_only",
            "--rank-pattern",
            "layer.0.attention.self.query=2")
        .ok();
    AdapterConfig config = config();
    assertThat(config.get("r").intValue()).isEqualTo(4);
    assertThat(config.get("lora_alpha").intValue()).isEqualTo(6);
    assertThat(config.get("use_rslora").booleanValue()).isTrue();
    assertThat(config.get("init_lora_weights").textValue()).isEqualTo("gaussian");
    assertThat(config.get("bias").textValue()).isEqualTo("lora_only");
    assertThat(config.get("rank_pattern").toString())
        .isEqualTo("{\"layer.0.attention.self.query\":2}");
  }

  @Test
  void settingsOfAnotherTuner() throws IOException {
    train("--tuner", "ia3", "--target", "query,dense", "--feedforward", "dense", "--init", "random")
        .ok();
    AdapterConfig config = config();
    assertThat(config.text("peft_type")).isEqualTo("IA3");
    assertThat(config.get("feedforward_modules").toString()).isEqualTo("[\"dense\"]");
    assertThat(config.get("init_ia3_weights").booleanValue()).isFalse();
  }

  /** Settings of several parts: peft's kasa_config and its kind. */
  @Test
  void variantsOfLora() throws IOException {
    Map<String, List<String>> all =
        Map.of(
            "kasa_config", List.of("--kasa"),
            "use_bdlora", List.of("--bdlora", "of-a=query,of-a=key,of-b=value,blocks=2"),
            "velora_config", List.of("--velora", "groups=4,direction=random"),
            "monteclora_config", List.of("--monte-clora", "samples=3"),
            "layer_replication", List.of("--layer-replication", "0-1,0-1"));
    all.forEach(
        (key, options) -> {
          List<Object> args =
              new ArrayList<>(List.of("train", "-m", model, "-d", data, "--steps", "2"));
          Path out = folder.resolve(key);
          args.addAll(List.of("-o", out, "--quiet", "--rank", "4"));
          args.addAll(options);
          Run.of(args.toArray()).ok();
          AdapterConfig config = CommandException.ofSettings(() -> read(out.resolve("adapter")));
          assertThat(config.get(key).isContainerNode()).as(key).isTrue();
          Run.of("predict", "-m", model, "-a", out.resolve("adapter"), "the film was great").ok();
        });
    AdapterConfig blocks = read(folder.resolve("use_bdlora").resolve("adapter"));
    assertThat(blocks.get("use_bdlora").toString())
        .contains("\"target_modules_bd_a\":[\"query\",\"key\"]", "\"nblocks\":2");
    usage("--kasa has 'bet=1', expected NAME=VALUE with one of beta, gamma", "--kasa", "bet=1");
    usage("--kasa beta is -1, must be at least 0", "--kasa", "beta=-1");
    usage("--velora direction is 'up', must be one of", "--velora", "direction=up");
    usage("--layer-replication has '3', expected FROM-TO", "--layer-replication", "3");
    usage("an adapter is of one variant", "--kasa", "--velora");
  }

  private static AdapterConfig read(Path adapter) {
    try {
      return AdapterFolder.read(adapter).config();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** The adapter fits the model in its folder, whatever its start has taken off the weights. */
  @Test
  void startsFromTheTrainingData() throws IOException {
    for (String start : List.of("eva", "corda", "lora-ga")) {
      Path out = folder.resolve(start);
      Run trained =
          Run.of(
              "train",
              "-m",
              model,
              "-d",
              data,
              "-e",
              data,
              "-o",
              out,
              "--quiet",
              "--json",
              "--rank",
              "2",
              "--alpha",
              "2",
              "--" + start,
              "--epochs",
              "3",
              "--lr",
              "1e-2");
      double after = trained.json().path("eval_loss").doubleValue();
      double loaded =
          Run.of("eval", "-m", model, "-a", out.resolve("adapter"), "-d", data, "--json")
              .json()
              .path("loss")
              .doubleValue();
      assertThat(loaded).as(start).isCloseTo(after, within(1e-4 * after));
      int rank = read(out.resolve("adapter")).get("r").intValue();
      assertThat(rank).as(start).isEqualTo(start.equals("eva") ? 2 : 4);
    }
    usage("--quantize nf4 or int8, to a language model", "--loftq");
  }

  private void usage(String sentence, Object... more) {
    Run run = train(more);
    assertThat(run.code()).as(run.err()).isEqualTo(2);
    assertThat(run.err()).contains(sentence);
  }

  @Test
  void whatIsWrongIsSaid() {
    usage("--tuner is 'lorra', must be one of ", "--tuner", "lorra");
    usage("Did you mean \"lora\"?", "--tuner", "lorra");
    usage("--rank is 0, must be at least 1", "--rank", "0");
    usage("--rank is 'x', expected a whole number", "--rank", "x");
    usage("--alpha is -1, must be greater than 0", "--alpha=-1");
    usage("--dropout is 1, must be at least 0 and less than 1", "--dropout", "1");
    usage("--dropout is NaN, must be at least 0 and less than 1", "--dropout", "NaN");
    usage("--init is 'pisa', must be one of default, random", "--init", "pisa");
    usage("Did you mean \"pissa\"?", "--init", "pisa");
    usage("--init is 'pissa', must be one of default, random", "--tuner", "ia3", "--init", "pissa");
    usage("--rank-pattern has 'query', expected KEY=VALUE", "--rank-pattern", "query");
    usage("--rank-pattern is 0, must be at least 1", "--rank-pattern", "query=0");
    usage(
        "--tokens is missing: TrainTokens needs it",
        "--tuner",
        "trainable_tokens",
        "--target",
        "word_embeddings");
    usage("--rank is a setting of ", "--tuner", "ia3", "--rank", "2");
    usage(
        "but the tuner is IA3, which has --feedforward, --feedforward-regex, --init",
        "--tuner",
        "ia3",
        "--rank",
        "2");
  }
}
