package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A tuner's settings as its {@code adapter_config.json} has them, one line a setting: key, peft's
 * default, how to get it from the settings and how to give it to their builder. Reading, writing
 * and comparing follow from it.
 *
 * <pre>{@code
 * SettingsFile.of("HRA", HraConfig.class, HraConfig::builder)
 *     .size("r", 8, HraConfig::r, HraConfig.Builder::r)
 *     .flag("apply_GS", false, HraConfig::applyGs, HraConfig.Builder::applyGs)
 *     .bias("hra_only")
 *     .layers();
 * }</pre>
 *
 * @param <C> the settings
 * @param <B> their builder
 */
public final class SettingsFile<C extends CommonConfig<C>, B extends ConfigBuilder<B>> {
  private final String peftType;
  private final Supplier<B> builder;
  private final List<SettingField<C, B>> fields = new ArrayList<>();
  private final List<SettingsComparison.Pattern<C, ?>> patterns = new ArrayList<>();
  private final Set<String> only = new HashSet<>(); // keys that have to be at their defaults
  private final ObjectNode defaults;

  private SettingsFile(String peftType, Supplier<B> builder) {
    this.peftType = peftType;
    this.builder = builder;
    this.defaults = PeftFormat.defaults(peftType);
    defaults.putNull("modules_to_save");
    defaults.putNull("target_modules");
  }

  /**
   * Starts the description of a tuner's file, with the keys that all tuners share.
   *
   * @param config the type of its settings
   * @param builder makes a builder of them
   */
  public static <C extends CommonConfig<C>, B extends ConfigBuilder<B>> SettingsFile<C, B> of(
      String peftType, Class<C> config, Supplier<B> builder) {
    return new SettingsFile<>(peftType, builder);
  }

  private SettingsFile<C, B> add(SettingField<C, B> field) {
    defaults.set(field.key(), field.usual());
    fields.add(field);
    return this;
  }

  // ---- the kinds of settings

  /**
   * Adds a setting of a kind of its own.
   *
   * @param usual peft's default
   * @param computes whether adapters of other values compute something else
   */
  public SettingsFile<C, B> setting(
      String key,
      JsonNode usual,
      SettingReader<B> read,
      Function<C, JsonNode> write,
      boolean computes) {
    return add(new SettingField<>(key, usual, read, write, computes, false));
  }

  /** Adds a seed from 0 or nothing, which is peft's default and here -1. */
  public SettingsFile<C, B> optionalSeed(
      String key, Function<C, Integer> get, SettingSetter<B, Integer> set) {
    return add(SettingField.optionalInteger(key, -1, get, set));
  }

  /** Adds a whole number of at least 1 that is a size of the adapter's weights, such as a rank. */
  public SettingsFile<C, B> size(
      String key, int usual, Function<C, Integer> get, SettingSetter<B, Integer> set) {
    return add(SettingField.integer(key, usual, 1, get, set).size());
  }

  /** Adds a whole number. */
  public SettingsFile<C, B> integer(
      String key, int usual, int least, Function<C, Integer> get, SettingSetter<B, Integer> set) {
    return add(SettingField.integer(key, usual, least, get, set));
  }

  /** Adds a whole number that plays no part once the adapter is there. */
  public SettingsFile<C, B> integerAtStart(
      String key, int usual, int least, Function<C, Integer> get, SettingSetter<B, Integer> set) {
    return add(SettingField.integer(key, usual, least, get, set).atStart());
  }

  /** Adds a whole number of at least 1 or nothing, which is peft's default and here 0. */
  public SettingsFile<C, B> optionalInteger(
      String key, Function<C, Integer> get, SettingSetter<B, Integer> set) {
    return add(SettingField.optionalInteger(key, 0, get, set).size());
  }

  /** Adds a number above 0 or nothing, which is peft's default and here 0. */
  public SettingsFile<C, B> optionalNumber(
      String key, Function<C, Double> get, SettingSetter<B, Double> set) {
    return add(SettingField.optionalNumber(key, get, set));
  }

  /** Adds true or false. */
  public SettingsFile<C, B> flag(
      String key, boolean usual, Function<C, Boolean> get, SettingSetter<B, Boolean> set) {
    return add(SettingField.flag(key, usual, get, set));
  }

  /** Adds true or false that plays no part once the adapter is there, or none in evaluation. */
  public SettingsFile<C, B> flagAtStart(
      String key, boolean usual, Function<C, Boolean> get, SettingSetter<B, Boolean> set) {
    return add(SettingField.flag(key, usual, get, set).atStart());
  }

  /** Adds a number; peft's default is written as Python does, a whole one without a point. */
  public SettingsFile<C, B> number(
      String key, double usual, Function<C, Double> get, SettingSetter<B, Double> set) {
    return add(SettingField.number(key, usual, get, set));
  }

  /** Adds such a number that plays no part once the adapter is there. */
  public SettingsFile<C, B> numberAtStart(
      String key, double usual, Function<C, Double> get, SettingSetter<B, Double> set) {
    return add(SettingField.number(key, usual, get, set).atStart());
  }

  /** Adds a number that peft has with a point, even if it is whole. */
  public SettingsFile<C, B> decimal(
      String key, double usual, Function<C, Double> get, SettingSetter<B, Double> set) {
    return add(SettingField.decimal(key, usual, get, set));
  }

  /** Adds such a number that plays no part once the adapter is there, or none in evaluation. */
  public SettingsFile<C, B> decimalAtStart(
      String key, double usual, Function<C, Double> get, SettingSetter<B, Double> set) {
    return add(SettingField.decimal(key, usual, get, set).atStart());
  }

  /** Adds a probability of dropout. */
  public SettingsFile<C, B> dropout(
      String key, Function<C, Double> get, SettingSetter<B, Double> set) {
    return add(SettingField.dropout(key, get, set).atStart());
  }

  /**
   * Adds one of a few values.
   *
   * @param words what peft writes for the constants, in their order; {@code true} and {@code false}
   *     are truth values
   */
  public <E extends Enum<E>> SettingsFile<C, B> choice(
      String key, E usual, List<String> words, Function<C, E> get, SettingSetter<B, E> set) {
    return add(SettingField.choice(key, usual, words, get, set));
  }

  /** Adds one of a few values that plays no part once the adapter is there. */
  public <E extends Enum<E>> SettingsFile<C, B> choiceAtStart(
      String key, E usual, List<String> words, Function<C, E> get, SettingSetter<B, E> set) {
    return add(SettingField.choice(key, usual, words, get, set).atStart());
  }

  /** Adds a text or nothing, which is peft's default and here empty; it plays no part later. */
  public SettingsFile<C, B> optionalText(
      String key, Function<C, String> get, SettingSetter<B, String> set) {
    return add(SettingField.optionalText(key, get, set).atStart());
  }

  /** Adds a text. */
  public SettingsFile<C, B> text(
      String key, String usual, Function<C, String> get, SettingSetter<B, String> set) {
    return add(SettingField.text(key, usual, get, set));
  }

  /** Adds sizes of some of the layers in place of those of {@code base}, such as a rank pattern. */
  public SettingsFile<C, B> sizePattern(
      String key,
      String base,
      Function<C, SequencedMap<String, Integer>> get,
      EntrySetter<B, Integer> set) {
    patterns.add(new SettingsComparison.Pattern<>(key, base, get));
    return add(SettingField.sizePattern(key, get, set).atStart().size());
  }

  /** Adds numbers of some of the layers in place of those of {@code base}. */
  public SettingsFile<C, B> numberPattern(
      String key,
      String base,
      Function<C, SequencedMap<String, Double>> get,
      EntrySetter<B, Double> set) {
    patterns.add(new SettingsComparison.Pattern<>(key, base, get));
    return add(SettingField.numberPattern(key, get, set).atStart());
  }

  /**
   * Adds {@code bias}.
   *
   * @param own peft's word for the biases of the adapted layers, such as {@code oft_only}
   */
  public SettingsFile<C, B> bias(String own) {
    return add(SettingField.<C, B>bias(own).atStart());
  }

  /** Adds {@code fan_in_fan_out}. */
  public SettingsFile<C, B> fanInFanOut() {
    return add(SettingField.<C, B>fanInFanOut().atStart());
  }

  /** Takes {@code target_modules} away, of a tuner that has no targets. */
  public SettingsFile<C, B> withoutTargets() {
    defaults.remove("target_modules");
    return this;
  }

  /** Adds {@code exclude_modules}. */
  public SettingsFile<C, B> exclude() {
    defaults.putNull("exclude_modules");
    return this;
  }

  /** Adds {@code layers_to_transform} and {@code layers_pattern}. */
  public SettingsFile<C, B> layers() {
    defaults.putNull("layers_to_transform");
    defaults.putNull("layers_pattern");
    return this;
  }

  /** Adds a key that has to be at peft's default: what else it can say is not supported. */
  public SettingsFile<C, B> only(String key, JsonNode usual) {
    defaults.set(key, usual);
    only.add(key);
    return this;
  }

  /** Adds a key that is written at peft's default and whose value does not matter. */
  public SettingsFile<C, B> ignored(String key, JsonNode usual) {
    defaults.set(key, usual);
    return this;
  }

  // ---- what follows from them

  String peftType() {
    return peftType;
  }

  boolean hasFanInFanOut() {
    return defaults.has("fan_in_fan_out");
  }

  /** Returns the builder with what the file says. */
  B read(AdapterConfig file) throws IOException {
    file.warnUnknownKeys(defaults.properties().stream().map(Map.Entry::getKey).toList());
    Set<String> handled = new HashSet<>();
    defaults.fieldNames().forEachRemaining(handled::add);
    handled.removeAll(only);
    file.requireDefaults(defaults, handled);
    TargetFields common = TargetFields.read(file);
    return file.checked(
        () -> {
          B b = builder.get();
          b.targets(common.targets()).taskType(common.taskType()).baseModel(common.baseModel());
          for (SettingField<C, B> f : fields) {
            f.read().read(file, b);
          }
          return b;
        });
  }

  ObjectNode write(C config) {
    ObjectNode tree = defaults.deepCopy();
    for (SettingField<C, B> f : fields) {
      tree.set(f.key(), f.write().apply(config));
    }
    TargetFields.write(config, tree);
    return tree;
  }

  /** Returns what the settings mean for layers and weights. */
  SettingsComparison<C> comparison() {
    return new SettingsComparison<>(fields, patterns);
  }
}
