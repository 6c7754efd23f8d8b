package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

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
