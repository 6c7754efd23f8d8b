package dev.peft4j.cli;

import dev.peft4j.constraint.Constraint;
import dev.peft4j.constraint.ConstraintException;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.GenerationConfigBuilder;
import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
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
      names = "--json-schema",
      paramLabel = "FILE",
      description =
          "The text is JSON that is valid under the JSON Schema in FILE. finish_reason is length if"
              + " it could not be completed in --max-new-tokens.")
  private @Nullable Path jsonSchema;

  @Option(
      names = "--regex",
      paramLabel = "R",
      description = "The text matches the regular expression R, as Java's Pattern reads it.")
  private @Nullable String regex;

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
   * @throws FileFormatException if the file of the schema is not valid
   */
  GenerationConfig config(GenerationConfig file) throws IOException {
    Constraint constraint = constraint();
    return CommandException.ofSettings(
        () -> {
          GenerationConfig own = with(file.toBuilder());
          return constraint == null ? own : own.toBuilder().constraint(constraint).build();
        });
  }

  private @Nullable Constraint constraint() throws IOException {
    Path file = jsonSchema;
    String expression = regex;
    if (file != null && expression != null) {
      throw new UsageException("--json-schema and --regex exclude each other");
    }
    if (file != null) {
      try {
        return Constraint.jsonSchema(Files.readString(file));
      } catch (NoSuchFileException e) {
        throw new FileFormatException(file, "does not exist");
      } catch (CharacterCodingException e) {
        throw new FileFormatException(file, "is not UTF-8");
      } catch (ConstraintException e) {
        throw new FileFormatException(file, String.valueOf(e.getMessage()));
      }
    }
    return expression == null
        ? null
        : CommandException.ofSettings(() -> Constraint.regex(expression));
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
