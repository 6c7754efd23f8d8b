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
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PythonJson;
import dev.peft4j.target.PatternKeys;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.function.Function;

/**
 * A setting of a tuner as its file has it, and the kinds of values that there are.
 *
 * @param key its key in the file
 * @param usual peft's default
 * @param read gives the file's value to the builder
 * @param write the value as the file has it
 * @param computes whether adapters of other values compute something else
 * @param isSize whether it is a size of the adapter's weights, or several by patterns
 */
record SettingField<C extends CommonConfig<C>, B extends ConfigBuilder<B>>(
    String key,
    JsonNode usual,
    SettingReader<B> read,
    Function<C, JsonNode> write,
    boolean computes,
    boolean isSize) {

  private static <C extends CommonConfig<C>, B extends ConfigBuilder<B>> SettingField<C, B> of(
      String key, JsonNode usual, SettingReader<B> read, Function<C, JsonNode> write) {
    return new SettingField<>(key, usual, read, write, true, false);
  }

  /** Returns the same for a setting that plays no part once the adapter is there. */
  SettingField<C, B> atStart() {
    return new SettingField<>(key, usual, read, write, false, isSize);
  }

  /** Returns the same for a size of the adapter's weights. */
  SettingField<C, B> size() {
    return new SettingField<>(key, usual, read, write, computes, true);
  }

  static <C extends CommonConfig<C>, B extends ConfigBuilder<B>> SettingField<C, B> integer(
      String key, int usual, int least, Function<C, Integer> get, SettingSetter<B, Integer> set) {
    return of(
        key,
        IntNode.valueOf(usual),
        (file, b) -> set.set(b, file.integer(key, usual, least)),
        c -> IntNode.valueOf(get.apply(c)));
  }

  /**
   * A whole number or nothing, which is peft's default.
   *
   * @param nothing what stands for nothing in the settings
   */
  static <C extends CommonConfig<C>, B extends ConfigBuilder<B>> SettingField<C, B> optionalInteger(
      String key, int nothing, Function<C, Integer> get, SettingSetter<B, Integer> set) {
    return of(
        key,
        NullNode.instance,
        (file, b) -> set.set(b, file.get(key).isNull() ? nothing : file.integer(key, nothing, 0)),
        c -> get.apply(c) == nothing ? NullNode.instance : IntNode.valueOf(get.apply(c)));
  }

  /** A number, written as Python does: a whole one without a point. */
  static <C extends CommonConfig<C>, B extends ConfigBuilder<B>> SettingField<C, B> number(
      String key, double usual, Function<C, Double> get, SettingSetter<B, Double> set) {
    return of(
        key,
        PythonJson.number(usual),
        (file, b) -> set.set(b, file.number(key, usual)),
        c -> PythonJson.number(get.apply(c)));
  }

  /** A number or nothing, which is peft's default and 0 in the settings. */
  static <C extends CommonConfig<C>, B extends ConfigBuilder<B>> SettingField<C, B> optionalNumber(
      String key, Function<C, Double> get, SettingSetter<B, Double> set) {
    return of(
        key,
        NullNode.instance,
        (file, b) -> set.set(b, file.get(key).isNull() ? 0 : file.number(key, 0)),
        c -> get.apply(c) == 0 ? NullNode.instance : PythonJson.number(get.apply(c)));
  }

  /** A number that is written with a point, even if it is whole. */
  static <C extends CommonConfig<C>, B extends ConfigBuilder<B>> SettingField<C, B> decimal(
      String key, double usual, Function<C, Double> get, SettingSetter<B, Double> set) {
    return of(
        key,
        DoubleNode.valueOf(usual),
        (file, b) -> set.set(b, file.number(key, usual)),
        c -> DoubleNode.valueOf(get.apply(c)));
  }

  static <C extends CommonConfig<C>, B extends ConfigBuilder<B>> SettingField<C, B> dropout(
      String key, Function<C, Double> get, SettingSetter<B, Double> set) {
    return of(
        key,
        DoubleNode.valueOf(0),
        (file, b) -> set.set(b, file.anyDropout(key, 0)),
        c -> DoubleNode.valueOf(get.apply(c)));
  }

  static <C extends CommonConfig<C>, B extends ConfigBuilder<B>> SettingField<C, B> flag(
      String key, boolean usual, Function<C, Boolean> get, SettingSetter<B, Boolean> set) {
    return of(
        key,
        BooleanNode.valueOf(usual),
        (file, b) -> set.set(b, file.flag(key, usual)),
        c -> BooleanNode.valueOf(get.apply(c)));
  }

  /** A text or nothing, which is peft's default and empty in the settings. */
  static <C extends CommonConfig<C>, B extends ConfigBuilder<B>> SettingField<C, B> optionalText(
      String key, Function<C, String> get, SettingSetter<B, String> set) {
    return of(
        key,
        NullNode.instance,
        (file, b) -> set.set(b, Objects.requireNonNullElse(file.text(key), "")),
        c -> get.apply(c).isEmpty() ? NullNode.instance : TextNode.valueOf(get.apply(c)));
  }

  static <C extends CommonConfig<C>, B extends ConfigBuilder<B>> SettingField<C, B> text(
      String key, String usual, Function<C, String> get, SettingSetter<B, String> set) {
    return of(
        key,
        TextNode.valueOf(usual),
        (file, b) -> set.set(b, Objects.requireNonNullElse(file.text(key), usual)),
        c -> TextNode.valueOf(get.apply(c)));
  }

  /**
   * One of a few values.
   *
   * @param words what the file has for the constants, in their order; {@code true}, {@code false}
   *     and {@code null} are JSON's
   */
  static <C extends CommonConfig<C>, B extends ConfigBuilder<B>, E extends Enum<E>>
      SettingField<C, B> choice(
          String key, E usual, List<String> words, Function<C, E> get, SettingSetter<B, E> set) {
    E[] all = usual.getDeclaringClass().getEnumConstants();
    return of(
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
        c -> word(words.get(get.apply(c).ordinal())));
  }

  private static JsonNode word(String text) {
    return switch (text) {
      case "true" -> BooleanNode.TRUE;
      case "false" -> BooleanNode.FALSE;
      case "null" -> NullNode.instance;
      default -> TextNode.valueOf(text);
    };
  }

  /** Whole numbers by patterns of paths. */
  static <C extends CommonConfig<C>, B extends ConfigBuilder<B>> SettingField<C, B> sizePattern(
      String key, Function<C, SequencedMap<String, Integer>> get, EntrySetter<B, Integer> set) {
    return of(
        key,
        JsonNodeFactory.instance.objectNode(),
        (file, b) -> pattern(file, key, file.positiveIntegers(key), b, set),
        c -> object(get.apply(c), IntNode::valueOf));
  }

  /** Numbers by patterns of paths. */
  static <C extends CommonConfig<C>, B extends ConfigBuilder<B>> SettingField<C, B> numberPattern(
      String key, Function<C, SequencedMap<String, Double>> get, EntrySetter<B, Double> set) {
    return of(
        key,
        JsonNodeFactory.instance.objectNode(),
        (file, b) -> pattern(file, key, file.numbers(key), b, set),
        c -> object(get.apply(c), PythonJson::number));
  }

  private static <B, V> void pattern(
      AdapterConfig file, String key, Map<String, V> values, B builder, EntrySetter<B, V> set)
      throws IOException {
    file.expressions(key, () -> new PatternKeys(new ArrayList<>(values.keySet())));
    values.forEach((k, v) -> set.set(builder, k, v));
  }

  private static <V> ObjectNode object(Map<String, V> values, Function<V, JsonNode> toJson) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    values.forEach((k, v) -> tree.set(k, toJson.apply(v)));
    return tree;
  }

  /**
   * The biases that are trained.
   *
   * @param own peft's word for those of the adapted layers
   */
  static <C extends CommonConfig<C>, B extends ConfigBuilder<B>> SettingField<C, B> bias(
      String own) {
    return of(
        "bias",
        TextNode.valueOf("none"),
        (file, b) -> {
          String word = file.choice("bias", "none", List.of("none", "all", own));
          b.biases(word.equals(own) ? Bias.LORA_ONLY : word.equals("all") ? Bias.ALL : Bias.NONE);
        },
        c -> TextNode.valueOf(c.bias() == Bias.LORA_ONLY ? own : c.bias().configName()));
  }

  static <C extends CommonConfig<C>, B extends ConfigBuilder<B>> SettingField<C, B> fanInFanOut() {
    return of(
        "fan_in_fan_out",
        BooleanNode.FALSE,
        (file, b) -> b.fanInFanOut(file.flag("fan_in_fan_out", false)),
        c -> BooleanNode.valueOf(c.common().fanInFanOut()));
  }
}
