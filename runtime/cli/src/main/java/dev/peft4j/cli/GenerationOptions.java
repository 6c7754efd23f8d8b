package dev.peft4j.cli;

import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.GenerationConfigBuilder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options for how text is generated. */
final class GenerationOptions {
  private static final int NEW_TOKENS = 256;

  @Option(
      names = {"-n", "--max-new-tokens"},
      paramLabel = "N",
      description =
          "The most new tokens; by default what the model's generation_config.json says, else "
              + NEW_TOKENS
              + ".")
  private @Nullable Integer maxNewTokens;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description =
          "Samples, with scores divided by T: below 1 for safer text, above for more varied text."
              + " 0 takes the most probable token.")
  private @Nullable Double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Samples from the K most probable tokens; 0 for all.")
  private @Nullable Integer topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Samples from the most probable tokens that have P together.")
  private @Nullable Double topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description = "Samples from tokens with at least P times the largest probability.")
  private @Nullable Double minP;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "X",
      description = "Above 1, tokens that occur already become less probable.")
  private @Nullable Double repetitionPenalty;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "Ends at a text, which is not printed; may be given several times.")
  private List<String> stops = List.of();

  @Option(
      names = "--set",
      paramLabel = "NAME=VALUE",
      description =
          "Any other setting of generation_config.json, its value as JSON:"
              + " --set no_repeat_ngram_size=3.")
  private Map<String, String> settings = new LinkedHashMap<>();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Where random numbers begin: the same seed gives the same text.")
  private @Nullable Long seed;

  /**
   * Returns the settings of a model's folder with these options.
   *
   * @throws CommandException if a value is not possible
   */
  GenerationConfig config(GenerationConfig file) {
    return CommandException.ofSettings(() -> with(file.toBuilder()));
  }

  private GenerationConfig with(GenerationConfigBuilder b) {
    settings.forEach((name, value) -> b.json("{\"" + name + "\": " + value + "}"));
    if (maxNewTokens != null) {
      b.maxNewTokens(maxNewTokens);
    } else if (!b.setsLength()) {
      b.maxNewTokens(NEW_TOKENS);
    }
    if (topK != null) {
      b.topK(topK);
    }
    if (topP != null) {
      b.topP(topP);
    }
    if (minP != null) {
      b.minP(minP);
    }
    if (temperature != null && temperature == 0) {
      b.doSample(false);
    } else if (temperature != null) {
      b.temperature(temperature);
    }
    if (repetitionPenalty != null) {
      b.repetitionPenalty(repetitionPenalty);
    }
    if (!stops.isEmpty()) {
      b.stopStrings(stops.toArray(new String[0]));
    }
    if (seed != null) {
      b.seed(seed);
    }
    return b.build();
  }
}
