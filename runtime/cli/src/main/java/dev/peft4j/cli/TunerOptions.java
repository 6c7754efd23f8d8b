package dev.peft4j.cli;

import dev.peft4j.target.Suggestions;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.TunerDescription;
import dev.peft4j.tuner.TunerSetting;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The option {@code --tuner} and one for each setting of each tuner that is available, as the
 * tuners' annotations describe them. An option that several tuners have is the setting of the
 * chosen one.
 */
final class TunerOptions {
  private static final String TUNER = "--tuner";
  private static final String TRAIN = "train";

  /** The tuner without {@code --tuner}, and where it differs from peft's defaults here. */
  private static final String USUAL = "lora";

  private static final Map<String, String> USUAL_VALUES = Map.of("alpha", "16");

  private final List<TunerDescription> tuners = TunerDescription.all();
  private final CommandSpec train;

  private TunerOptions(CommandSpec train) {
    this.train = train;
  }

  /** Adds the options to {@code train}, if that is the command. */
  static void add(CommandLine line, String... args) {
    CommandLine train = line.getSubcommands().get(TRAIN);
    if (args.length > 0
        && args[0].equals(TRAIN)
        && train != null
        && train.getCommandSpec().findOption(TUNER) == null) {
      new TunerOptions(train.getCommandSpec()).add();
    }
  }

  private void add() {
    train.addOption(
        option(TUNER, "NAME")
            .defaultValue(USUAL)
            .description(
                "What is trained: " + String.join(", ", names()) + ". Default: " + USUAL + ".")
            .build());
    Map<String, Map<TunerDescription, TunerSetting>> options = new TreeMap<>();
    for (TunerDescription tuner : tuners) {
      for (TunerSetting setting : tuner.settings()) {
        if (setting.isText()) {
          options
              .computeIfAbsent(name(tuner, setting), n -> new LinkedHashMap<>())
              .put(tuner, setting);
        }
      }
    }
    options.forEach((name, settings) -> train.addOption(settingOption(name, settings)));
  }

  private static OptionSpec.Builder option(String name, String label) {
    return OptionSpec.builder(name)
        .userObject(TunerOptions.class) // so that it can be told from the command's own
        .type(String.class)
        .paramLabel(label)
        .showDefaultValue(Help.Visibility.NEVER);
  }

  private static OptionSpec settingOption(
      String name, Map<TunerDescription, TunerSetting> settings) {
    TunerSetting first = settings.values().iterator().next();
    Map<String, List<String>> texts = new LinkedHashMap<>();
    settings.forEach(
        (tuner, setting) ->
            texts
                .computeIfAbsent(description(tuner, setting), t -> new ArrayList<>())
                .add(tuner.title()));
    String description =
        texts.entrySet().stream()
            .map(e -> String.join(", ", e.getValue()) + ": " + e.getKey())
            .collect(Collectors.joining(" "));
    OptionSpec.Builder option =
        option(name, label(first)).description(description.replace("%", "%%"));
    if (first.type() == boolean.class && !first.array()) { // --dora is --dora=true
      option.arity("0..1").fallbackValue("true");
    } else if (settings.values().stream().allMatch(TunerSetting::isComplete)) { // --kasa
      option.arity("0..1").fallbackValue("");
    }
    return option.build();
  }

  private static String description(TunerDescription tuner, TunerSetting setting) {
    String usual = usual(tuner, setting);
    String text = setting.description().isEmpty() ? setting.key() + "." : setting.description();
    String choice =
        setting.type().isEnum() || !setting.range().oneOf().isEmpty()
            ? " One of " + String.join(", ", choices(setting)) + "."
            : "";
    return text + choice + (usual.isEmpty() ? "" : " Default: " + usual + ".");
  }

  private static List<String> choices(TunerSetting setting) {
    List<String> choices = new ArrayList<>(setting.range().oneOf());
    if (choices.isEmpty()) {
      for (Object constant : setting.type().getEnumConstants()) {
        choices.add(((Enum<?>) constant).name());
      }
    }
    return choices.stream().map(c -> c.toLowerCase(Locale.ROOT)).toList();
  }

  private static String usual(TunerDescription tuner, TunerSetting setting) {
    String here = isUsual(tuner) ? USUAL_VALUES.get(setting.name()) : null;
    return here == null ? setting.usualText() : here;
  }

  private static String label(TunerSetting setting) {
    if (!setting.entryLabel().isEmpty()) {
      return setting.entryLabel();
    }
    if (setting.type().isAnnotation()) {
      return "KEY=VALUE[,...]";
    }
    String one =
        setting.type() == String.class
            ? "TEXT"
            : setting.type().isEnum()
                ? "NAME"
                : setting.type() == boolean.class ? "true|false" : "N";
    return setting.array() ? one + "[," + one + "...]" : one;
  }

  /**
   * Returns the name of an option; if the command already has one of that name, the tuner's name is
   * added.
   */
  private String name(TunerDescription tuner, TunerSetting setting) {
    OptionSpec other = train.findOption("--" + setting.option());
    boolean free = other == null || other.userObject() == TunerOptions.class;
    return "--" + (free ? "" : name(tuner) + "-") + setting.option();
  }

  private static String name(TunerDescription tuner) {
    return tuner.tuner().peftType().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static boolean isUsual(TunerDescription tuner) {
    return name(tuner).equals(USUAL);
  }

  private Set<String> names() {
    return tuners.stream()
        .map(TunerOptions::name)
        .sorted()
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /**
   * Starts the settings of the chosen tuner.
   *
   * @param train the command, with its arguments
   * @throws UsageException if there is no such tuner, it does not have a given setting, or a value
   *     is wrong
   */
  static ConfigBuilder<?> settings(CommandSpec train) {
    return new TunerOptions(train).settings();
  }

  private ConfigBuilder<?> settings() {
    TunerDescription tuner = tuner();
    Set<String> own = new LinkedHashSet<>();
    Map<String, String> values = new LinkedHashMap<>(isUsual(tuner) ? USUAL_VALUES : Map.of());
    Map<TunerSetting, String> labels = new LinkedHashMap<>();
    for (TunerSetting setting : tuner.settings()) {
      String name = name(tuner, setting);
      own.add(name);
      labels.put(setting, name);
      String value = value(name);
      if (value != null) {
        values.put(setting.name(), value);
      }
    }
    for (TunerDescription other : tuners) {
      for (TunerSetting setting : other.settings()) {
        String name = name(other, setting);
        if (!own.contains(name) && value(name) != null) {
          throw new UsageException(
              "%s is a setting of %s, but the tuner is %s, which has %s"
                  .formatted(name, other.title(), tuner.title(), String.join(", ", own)));
        }
      }
    }
    try {
      return tuner.builder(values, s -> labels.getOrDefault(s, s.name()));
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private @Nullable String value(String option) {
    OptionSpec spec = train.findOption(option);
    return spec == null ? null : spec.getValue();
  }

  private TunerDescription tuner() {
    String asked = value(TUNER);
    String name = (asked == null ? USUAL : asked).toLowerCase(Locale.ROOT).replace('_', '-');
    for (TunerDescription tuner : tuners) {
      if (name(tuner).equals(name)) {
        return tuner;
      }
    }
    throw new UsageException(
        "--tuner is '%s', must be one of %s. %s"
            .formatted(asked, String.join(", ", names()), Suggestions.didYouMean(name, names()))
            .strip());
  }
}
