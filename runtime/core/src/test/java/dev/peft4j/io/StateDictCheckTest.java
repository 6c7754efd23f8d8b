package dev.peft4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class StateDictCheckTest {
  private static SequencedMap<String, Shape> adapter(String prefix, int layers, int r, int width) {
    SequencedMap<String, Shape> out = new LinkedHashMap<>();
    for (int i = 0; i < layers; i++) {
      String p = prefix + "encoder.layer." + i + ".query.";
      out.put(p + "lora_A.weight", Shape.of(r, width));
      out.put(p + "lora_B.weight", Shape.of(width, r));
    }
    return out;
  }

  private static SequencedMap<String, Shape> renamed(
      Map<String, Shape> map, UnaryOperator<String> name) {
    SequencedMap<String, Shape> out = new LinkedHashMap<>();
    map.forEach((k, v) -> out.put(name.apply(k), v));
    return out;
  }

  private static final SequencedMap<String, Shape> MODEL = adapter("base_model.model.", 3, 4, 8);

  /** Compares with a model whose adapters have rank 4. */
  private static StateDictCheck compare(Map<String, Shape> found) {
    Map<String, Integer> ranks = new LinkedHashMap<>();
    MODEL.keySet().forEach(key -> ranks.put(key, 4));
    return StateDictCheck.compare(MODEL, found, ranks);
  }

  @Test
  void equalKeysMatch() {
    StateDictCheck check = compare(MODEL);
    assertThat(check.matches()).isTrue();
    assertThat(check.hint()).isNull();
    check.require("x");
    assertThat(StateDictCheck.compare(Map.of(), Map.of()).matches()).isTrue();
  }

  @Test
  void listsEverythingAtOnce() {
    SequencedMap<String, Shape> found = new LinkedHashMap<>(MODEL);
    found.remove("base_model.model.encoder.layer.0.query.lora_B.weight");
    found.put("base_model.model.encoder.layer.1.query.lora_A.weight", Shape.of(4, 9));
    found.put("surplus", Shape.of(1));
    found.put("more", Shape.of(1));
    StateDictCheck check = compare(found);
    assertThatThrownBy(() -> check.require("adapter_model.safetensors"))
        .isInstanceOf(StateDictException.class)
        .hasMessage(
            """
            adapter_model.safetensors does not fit the model: 4 of 6 keys match
              1 missing:
                base_model.model.encoder.layer.0.query.lora_B.weight
              2 unexpected:
                surplus
                more
              1 of another shape:
                base_model.model.encoder.layer.1.query.lora_A.weight: expected (4, 8), found (4, 9)\
            """);
    assertThat(check.missing()).hasSize(1);
    assertThat(check.unexpected()).containsExactly("surplus", "more");
    assertThatThrownBy(() -> check.requireShapes("x")).isInstanceOf(StateDictException.class);
  }

  @Test
  void lenientOnRequest() {
    StateDictCheck check = compare(adapter("base_model.model.", 2, 4, 8));
    check.requireShapes("x");
    assertThat(check.missing()).hasSize(2);
    assertThat(check.matched()).isEqualTo(4);
  }

  @Test
  void recognisesRenamedKeys() {
    assertHint(adapter("", 3, 4, 8), "without the prefix 'base_model.model.'");
    assertHint(adapter("x.base_model.model.", 3, 4, 8), "with the prefix 'x.' in front");
    assertHint(adapter("model.bert.", 3, 4, 8), "with the prefix 'model.bert.' in place of");
    assertHint(
        renamed(MODEL, n -> n.replace(".weight", ".default.weight")), "with 'default.' within");
    assertHint(renamed(MODEL, n -> n.replace("layer.", "")), "without 'layer.' within");
    assertHint(
        renamed(MODEL, n -> n.replace("encoder.", "enc.")),
        "with 'enc.' in place of 'encoder.' within");
  }

  private static void assertHint(Map<String, Shape> found, String words) {
    StateDictCheck check = compare(found);
    assertThat(check.hint()).contains("did you mean", "6 of the missing keys", words);
    assertThat(check.message("x")).contains("6 missing", "6 unexpected", words);
  }

  @Test
  void recognisesAnotherModel() {
    SequencedMap<String, Shape> llama = new LinkedHashMap<>();
    llama.put("base_model.model.layers.0.self_attn.q_proj.lora_A.weight", Shape.of(4, 8));
    llama.put("base_model.model.layers.0.self_attn.q_proj.lora_B.weight", Shape.of(8, 4));
    assertThat(compare(llama).hint()).contains("not one key", "another model");
    assertThat(compare(Map.of()).hint()).contains("another model");
    SequencedMap<String, Shape> wide = adapter("base_model.model.", 3, 4, 16);
    assertThat(compare(wide).hint()).contains("another model");
    assertThat(compare(adapter("base_model.model.", 1, 4, 8)).hint()).contains("only 2 of 6");
  }

  @Test
  void recognisesAnotherRank() {
    StateDictCheck check = compare(adapter("base_model.model.", 3, 16, 8));
    assertThat(check.hint()).isEqualTo("only the ranks differ: expected r = 4, found r = 16");
  }

  @Test
  void hostileNamesCostLittle() {
    SequencedMap<String, Shape> found = new LinkedHashMap<>();
    found.put(".".repeat(1_000_000), Shape.of(1));
    for (int i = 0; i < 30_000; i++) {
      found.put("a.".repeat(20) + i, Shape.of(1));
    }
    assertThat(compare(found).unexpected()).hasSize(30_001);
  }
}
