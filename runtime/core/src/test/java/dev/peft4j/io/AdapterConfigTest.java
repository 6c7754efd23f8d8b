package dev.peft4j.io;

import static dev.peft4j.io.TestFiles.resource;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterConfigTest {
  @TempDir Path folder;

  private AdapterConfig config(String json) throws IOException {
    Path file = folder.resolve("adapter_config.json");
    return AdapterConfig.read(Files.writeString(file, json));
  }

  private static void refused(ThrowingCallable call, String... words) {
    assertThatThrownBy(call)
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("adapter_config.json: ")
        .hasMessageContainingAll(words);
  }

  @Test
  void writesAllThatPeftWrites() throws Exception {
    ObjectNode tree = Defaults.lora();
    tree.put("r", 1);
    tree.set("lora_alpha", PythonJson.number(4.0));
    tree.putArray("target_modules").add("linear");
    tree.putObject("auto_mapping")
        .put("parent_library", "models")
        .put("base_model_class", "BaseModel");
    assertThat(AdapterConfig.of(tree).toJson())
        .isEqualTo(Files.readString(resource("adapter/adapter_config.json")));
  }

  @Test
  void readsWhatPeftWrites() throws Exception {
    AdapterConfig c = AdapterConfig.read(resource("named/extra/adapter_config.json"));
    assertThat(c.peftType(List.of("LORA"))).isEqualTo("LORA");
    assertThat(c.positiveInteger("r", 8)).isEqualTo(2);
    assertThat(c.positiveNumber("lora_alpha", 8)).isEqualTo(2.5);
    assertThat(c.dropout("lora_dropout", 0)).isEqualTo(0.05);
    assertThat(c.flag("use_rslora", false)).isTrue();
    assertThat(c.isText("target_modules")).isTrue();
    assertThat(c.text("target_modules")).contains("(q|v)_proj");
    assertThat(c.texts("modules_to_save")).isNull();
    assertThat(c.choice("bias", "none", List.of("none", "all"))).isEqualTo("none");
    assertThat(c.positiveIntegers("rank_pattern"))
        .containsExactly(Map.entry("q_proj", 3), Map.entry("v_proj", 1));
    assertThat(c.positiveNumbers("alpha_pattern")).containsExactly(Map.entry("é", 1.5));
    assertThat(c.warnUnknownKeys(keys(Defaults.lora()))).isEmpty();
    c.requireDefaults(
        Defaults.lora(),
        List.of(
            "r",
            "lora_alpha",
            "lora_dropout",
            "use_rslora",
            "target_modules",
            "rank_pattern",
            "alpha_pattern",
            "task_type",
            "base_model_name_or_path",
            "peft_type"));
  }

  private static List<String> keys(ObjectNode tree) {
    List<String> out = new ArrayList<>();
    tree.fieldNames().forEachRemaining(out::add);
    return out;
  }

  @Test
  void missingKeysGiveDefaults() throws Exception {
    AdapterConfig c = config("{\"peft_type\": \"LORA\", \"bias\": \"all\"}");
    assertThat(c.positiveInteger("r", 8)).isEqualTo(8);
    assertThat(c.number("lora_alpha", 8)).isEqualTo(8);
    assertThat(c.flag("use_rslora", false)).isFalse();
    assertThat(c.text("target_modules")).isNull();
    assertThat(c.textOrTexts("layers_pattern")).isNull();
    assertThat(c.indices("layers_to_transform")).isNull();
    assertThat(c.positiveIntegers("rank_pattern")).isEmpty();
    assertThat(c.choice("bias", "none", List.of("none", "all"))).isEqualTo("all");
    c.requireDefaults(Defaults.lora(), List.of("bias"));
  }

  @Test
  void nullIsTheDefaultWherePeftsIsNull() throws Exception {
    AdapterConfig c =
        config(
            "{\"use_rslora\":null,\"rank_pattern\":null,\"target_modules\":null,"
                + "\"layers_to_transform\":null,\"r\":null,\"lora_alpha\":null,\"bias\":null}");
    assertThat(c.flag("use_rslora", false)).isFalse();
    assertThat(c.positiveIntegers("rank_pattern")).isEmpty();
    assertThat(c.texts("target_modules")).isNull();
    assertThat(c.indices("layers_to_transform")).isNull();
    refused(() -> c.positiveInteger("r", 8), "r is null, expected a whole number from 1");
    refused(() -> c.number("lora_alpha", 8), "lora_alpha is null");
    refused(() -> c.choice("bias", "none", List.of("none")), "bias is null, expected one of none");
  }

  @Test
  void wrongValuesAreNamed() throws Exception {
    AdapterConfig c =
        config(
            """
            {"r": 0, "r2": -3, "r3": 2.0, "r4": "8", "r5": 99999999999, "r6": true, "r7": [8],
             "a": "x", "a2": NaN, "a3": 1e999, "a4": -1, "d": 1.0, "d2": -0.1, "f": 1, "f2": "true",
             "t": 5, "l": "q", "l2": ["q", 3], "l3": {}, "n": [1, -1], "n2": "x", "m": [],
             "m2": {"q": 0}, "m3": {"q": "4"}, "bias": "some"}
            """);
    refused(() -> c.positiveInteger("r", 8), "r is the number 0", "from 1");
    refused(() -> c.positiveInteger("r2", 8), "r2 is the number -3");
    refused(() -> c.positiveInteger("r3", 8), "r3 is the number 2.0");
    refused(() -> c.positiveInteger("r4", 8), "r4 is the text '8'");
    refused(() -> c.positiveInteger("r5", 8), "r5 is the number 99999999999");
    refused(() -> c.positiveInteger("r6", 8), "r6 is true");
    refused(() -> c.positiveInteger("r7", 8), "r7 is a list");
    refused(() -> c.number("a", 8), "a is the text 'x'", "finite number");
    refused(() -> c.number("a2", 8), "a2 is the number NaN");
    refused(() -> c.number("a3", 8), "a3 is the number Infinity");
    refused(() -> c.positiveNumber("a4", 8), "a4 is the number -1", "above 0");
    refused(() -> c.dropout("d", 0), "d is the number 1.0");
    refused(() -> c.dropout("d2", 0), "d2 is the number -0.1");
    refused(() -> c.flag("f", false), "f is the number 1", "true or false");
    refused(() -> c.flag("f2", false), "f2 is the text 'true'");
    refused(() -> c.text("t"), "t is the number 5", "a text");
    refused(() -> c.texts("l"), "l is the text 'q'", "a list of texts");
    refused(() -> c.texts("l2"), "l2[1] is the number 3");
    refused(() -> c.textOrTexts("l3"), "l3 is an object");
    refused(() -> c.indices("n"), "n[1] is the number -1");
    refused(() -> c.indices("n2"), "n2 is the text 'x'");
    refused(() -> c.positiveIntegers("m"), "m is an empty list", "an object");
    refused(() -> c.positiveIntegers("m2"), "m2['q'] is the number 0");
    refused(() -> c.positiveNumbers("m3"), "m3['q'] is the text '4'");
    refused(() -> c.choice("bias", "none", List.of("none", "all")), "'some'", "one of none, all");
  }

  @Test
  void theTunersTypeIsChecked() throws Exception {
    List<String> supported = List.of("LORA", "IA3");
    refused(() -> config("{}").peftType(supported), "has no peft_type", "supported: LORA, IA3");
    refused(() -> config("{\"peft_type\":null}").peftType(supported), "peft_type is null");
    refused(() -> config("{\"peft_type\":[1]}").peftType(supported), "peft_type is a list");
    refused(() -> config("{\"peft_type\":\"MAGIC\"}").peftType(supported), "unknown", "'MAGIC'");
    refused(() -> config("{\"peft_type\":\"lora\"}").peftType(supported), "did you mean LORA?");
    refused(
        () -> config("{\"peft_type\":\"OFT\"}").peftType(supported), "OFT is not supported yet");
    assertThat(config("{\"peft_type\":\"IA3\"}").peftType(supported)).isEqualTo("IA3");
  }

  @Test
  void settingsThatNobodyCarriesOutAreAnError() throws Exception {
    AdapterConfig c =
        config("{\"use_dora\": true, \"lora_bias\": true, \"r\": 3, \"loftq_config\": null}");
    refused(
        () -> c.requireDefaults(Defaults.lora(), List.of("r")),
        "not supported yet",
        "use_dora is true",
        "lora_bias is true");
  }

  @Test
  void unknownKeysAreWarnedOfInOneMessage() throws Exception {
    AdapterConfig c = config("{\"peft_type\": \"LORA\", \"new_one\": 1, \"another\": {}}");
    PrintStream before = System.err;
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
    try {
      assertThat(c.warnUnknownKeys(List.of("peft_type"))).containsExactly("new_one", "another");
    } finally {
      System.setErr(before);
    }
    assertThat(log.toString(StandardCharsets.UTF_8))
        .contains("WARN", "adapter_config.json", "keys 'new_one', 'another'")
        .hasLineCount(1);
  }

  @Test
  void unchangedByWhoeverHoldsTheTree() throws Exception {
    ObjectNode tree = Defaults.lora();
    AdapterConfig c = AdapterConfig.of(tree);
    tree.put("r", 77);
    c.tree().put("r", 78);
    assertThat(c.positiveInteger("r", 1)).isEqualTo(8);
  }
}
