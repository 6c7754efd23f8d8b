package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SavedTargetsTest {
  @TempDir Path folder;

  /** Made by minimal_targets.py: targets, other modules, and what peft makes of them. */
  static Stream<String> condensedByPeft() throws IOException {
    try (var in =
        Objects.requireNonNull(SavedTargetsTest.class.getResourceAsStream("minimal_targets.txt"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines();
    }
  }

  @ParameterizedTest
  @MethodSource("condensedByPeft")
  void condensesAsPeft(String line) {
    String[] parts = line.split("\\|");
    List<String> targets = List.of(parts[0].split(" "));
    List<String> paths = new ArrayList<>(targets);
    paths.addAll(List.of(parts[1].split(" ")));
    List<String> peft = List.of(parts[2].split(" "));
    // peft keeps its list where the condensed one is not shorter
    assertThat(MinimalTargets.of(targets, paths))
        .containsExactlyInAnyOrderElementsOf(peft.size() < targets.size() ? peft : targets);
  }

  /** A tower of blocks by name. */
  static final class Tower extends Module {
    final Map<String, Module> layers = new LinkedHashMap<>();

    Tower(int blocks) {
      for (int i = 0; i < blocks; i++) {
        layers.put(Integer.toString(i), new Block());
      }
    }
  }

  static final class Block extends Module {
    final Linear qProj = new Linear(2, 2);
    final Linear kProj = new Linear(2, 2);
  }

  private AdapterConfig saved(PeftModel model) throws IOException {
    model.save(folder);
    return AdapterFolder.read(folder).config();
  }

  @Test
  void aLongListOfPathsIsSavedAsEnds() throws IOException {
    String[] paths =
        Stream.iterate(0, i -> i + 1)
            .limit(20)
            .map(i -> "layers." + i + ".q_proj")
            .toArray(String[]::new);
    AdaptedModel<Tower> model =
        PeftModel.of(new Tower(20), LoraConfig.builder().r(1).targets(paths).build());
    assertThat(model.adapters().adapter("default").layers().keySet()).containsExactly(paths);
    assertThat(saved(model).texts("target_modules")).containsExactly("q_proj");
    AdaptedModel<Tower> again = PeftModel.load(new Tower(20), folder);
    assertThat(again.adapters().adapter("default").layers().keySet()).containsExactly(paths);
  }

  @Test
  void aShortListIsSavedAsItIs() throws IOException {
    String[] paths =
        Stream.iterate(0, i -> i + 1)
            .limit(19)
            .map(i -> "layers." + i + ".q_proj")
            .toArray(String[]::new);
    AdaptedModel<Tower> model =
        PeftModel.of(new Tower(19), LoraConfig.builder().r(1).targets(paths).build());
    assertThat(saved(model).texts("target_modules")).containsExactly(paths);
  }

  @Test
  void allLinearIsSavedAsNames() throws IOException {
    AdaptedModel<Net> few =
        PeftModel.of(Net.seeded(1), LoraConfig.builder().r(1).allLinear().build());
    assertThat(saved(few).texts("target_modules"))
        .containsExactly(
            "layers.0.q_proj",
            "layers.0.out_proj",
            "layers.1.q_proj",
            "layers.1.out_proj",
            "score");
    AdaptedModel<Tower> many =
        PeftModel.of(new Tower(10), LoraConfig.builder().r(1).allLinear().build());
    assertThat(saved(many).texts("target_modules")).containsExactlyInAnyOrder("q_proj", "k_proj");
  }

  @Test
  void patternsThatOverlapAreSavedSoThatTheirOrderDoesNotMatter() throws IOException {
    LoraConfig config =
        LoraConfig.builder()
            .r(1)
            .targets("q_proj", "out_proj")
            .rankPattern("q_proj", 3)
            .rankPattern("layers.0.*", 2)
            .alphaPattern("q_proj", 5)
            .build();
    AdaptedModel<Net> model = PeftModel.of(Net.seeded(1), config);
    AdapterConfig file = saved(model);
    assertThat(file.positiveIntegers("rank_pattern"))
        .isEqualTo(
            Map.of(
                "^layers\\.0\\.q_proj", 3, "^layers\\.0\\.out_proj", 2, "^layers\\.1\\.q_proj", 3));
    assertThat(file.positiveNumbers("alpha_pattern")).isEqualTo(Map.of("q_proj", 5.0));
    AdaptedModel<Net> again = PeftModel.load(Net.seeded(1), folder);
    assertThat(again.namedParameters().stream().map(p -> p.parameter().shape()))
        .isEqualTo(model.namedParameters().stream().map(p -> p.parameter().shape()).toList());
  }
}
