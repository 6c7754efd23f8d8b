package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.peft4j.annotation.Bias;
import dev.peft4j.data.Shape;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.PythonJson;
import dev.peft4j.target.PatternKeys;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

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
  /** A size that is taken from settings without a look at the weights. */
  private static final int PLAUSIBLE_SIZE = 4096;

  private final String peftType;
  private final Supplier<B> builder;
  private final List<Field<C, B>> fields = new ArrayList<>();
  private final Set<String> only = new HashSet<>(); // keys that have to be at their defaults
  private final ObjectNode defaults;
  private @Nullable String ownBiases;

  /**
   * Sets a value in a builder.
   *
   * @param <B> the builder
   * @param <V> the value
   */
  @FunctionalInterface
  public interface Setter<B, V> {
    /** Sets it, and returns the builder. */
    B set(B builder, V value);
  }

  /** A function that gives a value from the file to the builder. */
  @FunctionalInterface
  public interface Reading<B> {
    /**
     * Reads and sets it.
     *
     * @throws IOException if it is wrong, naming file, key and what is expected
     */
    void into(AdapterConfig file, B builder) throws IOException;
  }

  /**
   * A setting.
   *
   * @param computes whether adapters of other values compute something else
   * @param size whether it is a size of the adapter's weights
   */
  private record Field<C, B>(
      String key, Reading<B> read, Function<C, JsonNode> write, boolean computes, boolean size) {}

  /** Values of some layers in place of those of {@code base}, by patterns. */
  private record Pattern<C, V>(String key, String base, Function<C, SequencedMap<String, V>> get) {}

  private final List<Pattern<C, ?>> patterns = new ArrayList<>();

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

  private SettingsFile<C, B> add(
      String key,
      JsonNode usual,
      Reading<B> read,
      Function<C, JsonNode> write,
      boolean computes,
      boolean size) {
    defaults.set(key, usual);
    fields.add(new Field<>(key, read, write, computes, size));
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
      String key, JsonNode usual, Reading<B> read, Function<C, JsonNode> write, boolean computes) {
    return add(key, usual, read, write, computes, false);
  }

  /** Adds a seed from 0 or nothing, which is peft's default and here -1. */
  public SettingsFile<C, B> optionalSeed(
      String key, Function<C, Integer> get, Setter<B, Integer> set) {
    return setting(
        key,
        NullNode.instance,
        (file, b) -> set.set(b, file.get(key).isNull() ? -1 : file.integer(key, -1, 0)),
        c -> get.apply(c) < 0 ? NullNode.instance : IntNode.valueOf(get.apply(c)),
        true);
  }

  /** Adds a number, written as Python does, that plays no part once the adapter is there. */
  public SettingsFile<C, B> numberAtStart(
      String key, double usual, Function<C, Double> get, Setter<B, Double> set) {
    return setting(
        key,
        PythonJson.number(usual),
        (file, b) -> set.set(b, file.number(key, usual)),
        c -> PythonJson.number(get.apply(c)),
        false);
  }

  /** Adds a whole number of at least 1 that is a size of the adapter's weights, such as a rank. */
  public SettingsFile<C, B> size(
      String key, int usual, Function<C, Integer> get, Setter<B, Integer> set) {
    return integer(key, usual, 1, get, set, true, true);
  }

  /** Adds a whole number. */
  public SettingsFile<C, B> integer(
      String key, int usual, int least, Function<C, Integer> get, Setter<B, Integer> set) {
    return integer(key, usual, least, get, set, true, false);
  }

  /** Adds a whole number that plays no part once the adapter is there. */
  public SettingsFile<C, B> integerAtStart(
      String key, int usual, int least, Function<C, Integer> get, Setter<B, Integer> set) {
    return integer(key, usual, least, get, set, false, false);
  }

  private SettingsFile<C, B> integer(
      String key,
      int usual,
      int least,
      Function<C, Integer> get,
      Setter<B, Integer> set,
      boolean computes,
      boolean size) {
    return add(
        key,
        IntNode.valueOf(usual),
        (file, b) -> set.set(b, file.integer(key, usual, least)),
        c -> IntNode.valueOf(get.apply(c)),
        computes,
        size);
  }

  /** Adds a whole number of at least 1 or nothing, which is peft's default and here 0. */
  public SettingsFile<C, B> optionalInteger(
      String key, Function<C, Integer> get, Setter<B, Integer> set) {
    return add(
        key,
        NullNode.instance,
        (file, b) -> set.set(b, file.get(key).isNull() ? 0 : file.integer(key, 0, 0)),
        c -> get.apply(c) == 0 ? NullNode.instance : IntNode.valueOf(get.apply(c)),
        true,
        true);
  }

  /** Adds a number above 0 or nothing, which is peft's default and here 0. */
  public SettingsFile<C, B> optionalNumber(
      String key, Function<C, Double> get, Setter<B, Double> set) {
    return add(
        key,
        NullNode.instance,
        (file, b) -> set.set(b, file.get(key).isNull() ? 0 : file.number(key, 0)),
        c -> get.apply(c) == 0 ? NullNode.instance : PythonJson.number(get.apply(c)),
        true,
        false);
  }

  /** Adds true or false. */
  public SettingsFile<C, B> flag(
      String key, boolean usual, Function<C, Boolean> get, Setter<B, Boolean> set) {
    return flag(key, usual, get, set, true);
  }

  /** Adds true or false that plays no part once the adapter is there, or none in evaluation. */
  public SettingsFile<C, B> flagAtStart(
      String key, boolean usual, Function<C, Boolean> get, Setter<B, Boolean> set) {
    return flag(key, usual, get, set, false);
  }

  private SettingsFile<C, B> flag(
      String key,
      boolean usual,
      Function<C, Boolean> get,
      Setter<B, Boolean> set,
      boolean computes) {
    return add(
        key,
        BooleanNode.valueOf(usual),
        (file, b) -> set.set(b, file.flag(key, usual)),
        c -> BooleanNode.valueOf(get.apply(c)),
        computes,
        false);
  }

  /** Adds a number; peft's default is written as Python does, a whole one without a point. */
  public SettingsFile<C, B> number(
      String key, double usual, Function<C, Double> get, Setter<B, Double> set) {
    return add(
        key,
        PythonJson.number(usual),
        (file, b) -> set.set(b, file.number(key, usual)),
        c -> PythonJson.number(get.apply(c)),
        true,
        false);
  }

  /** Adds a number that peft has with a point, even if it is whole. */
  public SettingsFile<C, B> decimal(
      String key, double usual, Function<C, Double> get, Setter<B, Double> set) {
    return decimal(key, usual, get, set, true);
  }

  /** Adds such a number that plays no part once the adapter is there, or none in evaluation. */
  public SettingsFile<C, B> decimalAtStart(
      String key, double usual, Function<C, Double> get, Setter<B, Double> set) {
    return decimal(key, usual, get, set, false);
  }

  private SettingsFile<C, B> decimal(
      String key, double usual, Function<C, Double> get, Setter<B, Double> set, boolean computes) {
    return add(
        key,
        DoubleNode.valueOf(usual),
        (file, b) -> set.set(b, file.number(key, usual)),
        c -> DoubleNode.valueOf(get.apply(c)),
        computes,
        false);
  }

  /** Adds a probability of dropout. */
  public SettingsFile<C, B> dropout(String key, Function<C, Double> get, Setter<B, Double> set) {
    return add(
        key,
        DoubleNode.valueOf(0),
        (file, b) -> set.set(b, file.anyDropout(key, 0)),
        c -> DoubleNode.valueOf(get.apply(c)),
        false,
        false);
  }

  /**
   * Adds one of a few values.
   *
   * @param words what peft writes for the constants, in their order; {@code true} and {@code false}
   *     are truth values
   */
  public <E extends Enum<E>> SettingsFile<C, B> choice(
      String key, E usual, List<String> words, Function<C, E> get, Setter<B, E> set) {
    return choice(key, usual, words, get, set, true);
  }

  /** Adds one of a few values that plays no part once the adapter is there. */
  public <E extends Enum<E>> SettingsFile<C, B> choiceAtStart(
      String key, E usual, List<String> words, Function<C, E> get, Setter<B, E> set) {
    return choice(key, usual, words, get, set, false);
  }

  private <E extends Enum<E>> SettingsFile<C, B> choice(
      String key,
      E usual,
      List<String> words,
      Function<C, E> get,
      Setter<B, E> set,
      boolean computes) {
    E[] all = usual.getDeclaringClass().getEnumConstants();
    return add(
        key,
        word(words.get(usual.ordinal())),
        (file, b) -> {
          JsonNode found = file.get(key);
          int at = found.isMissingNode() ? usual.ordinal() : words.indexOf(found.asText());
          if (at < 0 || !found.isMissingNode() && !found.equals(word(words.get(at)))) {
            throw file.wrong(key, found, "one of " + String.join(", ", words));
          }
          set.set(b, all[at]);
        },
        c -> word(words.get(get.apply(c).ordinal())),
        computes,
        false);
  }

  private static JsonNode word(String text) {
    return switch (text) {
      case "true" -> BooleanNode.TRUE;
      case "false" -> BooleanNode.FALSE;
      case "null" -> NullNode.instance;
      default -> TextNode.valueOf(text);
    };
  }

  /** Adds a text or nothing, which is peft's default and here empty. */
  public SettingsFile<C, B> optionalText(
      String key, Function<C, String> get, Setter<B, String> set) {
    return setting(
        key,
        NullNode.instance,
        (file, b) -> set.set(b, Objects.requireNonNullElse(file.text(key), "")),
        c -> get.apply(c).isEmpty() ? NullNode.instance : TextNode.valueOf(get.apply(c)),
        false);
  }

  /** Adds a text.  */
  public SettingsFile<C, B> text(
      String key, String usual, Function<C, String> get, Setter<B, String> set) {
    return add(
        key,
        TextNode.valueOf(usual),
        (file, b) -> set.set(b, Objects.requireNonNullElse(file.text(key), usual)),
        c -> TextNode.valueOf(get.apply(c)),
        true,
        false);
  }

  /** Adds sizes of some of the layers in place of those of {@code base}, such as a rank pattern. */
  public SettingsFile<C, B> sizePattern(
      String key,
      String base,
      Function<C, SequencedMap<String, Integer>> get,
      SetEntry<B, Integer> set) {
    patterns.add(new Pattern<>(key, base, get));
    return add(
        key,
        JsonNodeFactory.instance.objectNode(),
        (file, b) -> pattern(file, key, file.positiveIntegers(key), b, set),
        c -> object(get.apply(c), IntNode::valueOf),
        false,
        true);
  }

  /** Adds numbers of some of the layers in place of those of {@code base}. */
  public SettingsFile<C, B> numberPattern(
      String key,
      String base,
      Function<C, SequencedMap<String, Double>> get,
      SetEntry<B, Double> set) {
    patterns.add(new Pattern<>(key, base, get));
    return add(
        key,
        JsonNodeFactory.instance.objectNode(),
        (file, b) -> pattern(file, key, file.numbers(key), b, set),
        c -> object(get.apply(c), PythonJson::number),
        false,
        false);
  }

  /** Sets the value of one pattern. */
  @FunctionalInterface
  public interface SetEntry<B, V> {
    /** Sets it in the builder, and returns that. */
    B apply(B builder, String key, V value);
  }

  private static <B, V> void pattern(
      AdapterConfig file, String key, Map<String, V> values, B builder, SetEntry<B, V> set)
      throws IOException {
    file.expressions(key, () -> new PatternKeys(new ArrayList<>(values.keySet())));
    values.forEach((k, v) -> set.apply(builder, k, v));
  }

  private static <V> ObjectNode object(Map<String, V> values, Function<V, JsonNode> toJson) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    values.forEach((k, v) -> tree.set(k, toJson.apply(v)));
    return tree;
  }

  /**
   * Adds {@code bias}.
   *
   * @param own peft's word for the biases of the adapted layers, such as {@code oft_only}
   */
  public SettingsFile<C, B> bias(String own) {
    ownBiases = own;
    return add(
        "bias",
        TextNode.valueOf("none"),
        (file, b) -> {
          String word = file.choice("bias", "none", List.of("none", "all", own));
          b.biases(word.equals(own) ? Bias.LORA_ONLY : word.equals("all") ? Bias.ALL : Bias.NONE);
        },
        c ->
            TextNode.valueOf(
                c.bias() == Bias.LORA_ONLY
                    ? Objects.requireNonNull(ownBiases)
                    : c.bias().configName()),
        false,
        false);
  }

  /** Adds {@code fan_in_fan_out}. */
  public SettingsFile<C, B> fanInFanOut() {
    return add(
        "fan_in_fan_out",
        BooleanNode.FALSE,
        (file, b) -> b.fanInFanOut(file.flag("fan_in_fan_out", false)),
        c -> BooleanNode.valueOf(c.common().fanInFanOut()),
        false,
        false);
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
          for (Field<C, B> f : fields) {
            f.read.into(file, b);
          }
          return b;
        });
  }

  ObjectNode write(C config) {
    ObjectNode tree = defaults.deepCopy();
    for (Field<C, B> f : fields) {
      tree.set(f.key, f.write.apply(config));
    }
    TargetFields.write(config, tree);
    return tree;
  }

  List<String> unused(C config, Collection<String> paths) {
    List<String> unused = new ArrayList<>();
    for (Pattern<C, ?> p : patterns) {
      PatternMap.of(p.get.apply(config))
          .unused(paths)
          .forEach(key -> unused.add(p.key.replace('_', ' ') + " '" + key + "'"));
    }
    return unused;
  }

  void requireSame(String path, C present, C file) {
    Map<String, JsonNode> here = valuesAt(path, present);
    Map<String, JsonNode> there = valuesAt(path, file);
    here.forEach(
        (key, value) -> {
          if (!value.equals(there.get(key))) {
            throw new IllegalArgumentException(
                "the adapter in the file has "
                    + key
                    + " "
                    + there.get(key)
                    + " for '"
                    + path
                    + "', this model has "
                    + value
                    + ": it would compute something else");
          }
        });
  }

  /** What settings say of one layer, as far as it matters for what is computed. */
  private Map<String, JsonNode> valuesAt(String path, C config) {
    Map<String, JsonNode> values = new LinkedHashMap<>();
    for (Field<C, B> f : fields) {
      if (f.computes) {
        values.put(f.key, f.write.apply(config));
      }
    }
    for (Pattern<C, ?> p : patterns) {
      JsonNode usual = values.get(p.base);
      if (usual != null) { // else it plays no part once the adapter is there
        values.put(p.base, at(path, p.get.apply(config), usual));
      }
    }
    return values;
  }

  private static <V> JsonNode at(String path, SequencedMap<String, V> values, JsonNode usual) {
    PatternMap<V> map = PatternMap.of(values);
    String key = map.isEmpty() ? null : map.keys().first(path);
    Object value = key == null ? null : map.get(key);
    return value == null
        ? usual
        : value instanceof Integer i ? IntNode.valueOf(i) : PythonJson.number((Double) value);
  }

  /** Throws if a size is above the sizes of the weights. */
  void requireSize(C config, Map<String, Shape> weights) {
    long largest = 0;
    for (Shape shape : weights.values()) {
      for (int d : shape.toArray()) {
        largest = Math.max(largest, d);
      }
    }
    for (Field<C, B> f : fields) {
      if (!f.size) {
        continue;
      }
      JsonNode value = f.write.apply(config);
      for (JsonNode size : value.isObject() ? value : List.of(value)) {
        if (size.asLong() > PLAUSIBLE_SIZE && size.asLong() > largest) {
          throw new IllegalArgumentException(
              f.key + " is " + size + ", but the weights have no size above " + largest);
        }
      }
    }
  }
}
