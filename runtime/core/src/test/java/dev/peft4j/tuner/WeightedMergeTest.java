package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Rng;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.Combination.MajoritySign;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Against what peft's add_weighted_adapter made of the same adapters; weighted_merge.py wrote it
 * down.
 */
class WeightedMergeTest {
  private static final SafeTensors PEFT = stored();
  private static final String EVERYTHING = "lin emb conv point";

  /** As in the script. */
  static final class Layers extends Module {
    final Linear lin = new Linear(6, 5);
    final Embedding emb = new Embedding(7, 4);
    final Conv2d conv = new Conv2d(2, 6, 3);
    final Conv2d point = new Conv2d(5, 4, 1);
  }

  private final AdaptedModel<Layers> model =
      PeftModel.of(new Layers(), lora(2, 4, EVERYTHING).build(), "a");

  WeightedMergeTest() {
    model.adapters().addMatching("b", lora(2, 1, EVERYTHING).build());
    model.adapters().addMatching("c", lora(3, 7, "lin conv").rankPattern("conv", 2).build());
    model.adapters().addMatching("d", lora(2, 2, "lin conv").build());
    model.adapters().addMatching("s", lora(2, 3, EVERYTHING).rslora(true).build());
    for (String adapter : model.adapters().names()) {
      Map<String, StoredTensor> weights = new LinkedHashMap<>();
      for (String key : PEFT.names()) {
        String prefix = "in." + adapter + ".";
        if (key.startsWith(prefix)) {
          weights.put(key.substring(prefix.length()), new StoredTensor(shape(key), storage(key)));
        }
      }
      model.adapters().hotSwap(adapter, weights);
    }
  }

  private static LoraConfig.Builder lora(int r, double alpha, String targets) {
    return LoraConfig.builder().r(r).alpha(alpha).targets(targets.split(" "));
  }

  private static SafeTensors stored() {
    try {
      return SafeTensors.open(
          Path.of(
              Objects.requireNonNull(
                      WeightedMergeTest.class.getResource("weighted_merge.safetensors"))
                  .toURI()));
    } catch (IOException | URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static dev.peft4j.data.Shape shape(String key) {
    return Objects.requireNonNull(PEFT.tensors().get(key), key).shape();
  }

  private static dev.peft4j.data.Storage storage(String key) {
    try {
      return PEFT.storage(key);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stream<String> cases(String kind) {
    return PEFT.names().stream()
        .filter(n -> n.startsWith(kind + "."))
        .map(n -> n.substring(kind.length() + 1, n.lastIndexOf('.')))
        .distinct();
  }

  static Stream<String> exactCases() {
    return cases("out");
  }

  static Stream<String> randomCases() {
    return cases("mean");
  }

  /** METHOD|ADAPTERS|WEIGHTS|OPTIONS. */
  private void combine(String label) {
    String[] parts = label.split("\\|", -1);
    List<String> adapters = List.of(parts[1].split(""));
    List<Double> weights = Stream.of(parts[2].split(",")).map(Double::valueOf).toList();
    Combination how = Combination.of(parts[0]);
    for (String option : parts[3].isEmpty() ? new String[0] : parts[3].split(",")) {
      String value = option.substring(option.indexOf('=') + 1);
      how =
          switch (option.substring(0, option.indexOf('='))) {
            case "density" -> how.withDensity(Double.parseDouble(value));
            case "svd_rank" -> how.withSvdRank(Integer.parseInt(value));
            case "majority_sign_method" ->
                how.withMajoritySign(
                    MajoritySign.valueOf(value.toUpperCase(java.util.Locale.ROOT)));
            default -> how;
          };
    }
    model.adapters().addWeighted("new", adapters, weights, how);
  }

  /** scale · B · A. */
  private float[] delta(String adapter, String path) {
    LoraConfig config = (LoraConfig) model.adapters().config(adapter);
    List<TunerLayer.Entry> l = model.adapters().adapter(adapter).layer(path).parameters();
    Tensor a = matrix(l.get(0).parameter());
    Tensor b = matrix(l.get(1).parameter());
    return b.matmul(a).mul((float) config.scaleOf(path)).toFloats();
  }

  private static Tensor matrix(Parameter p) {
    return Tensor.of(p.own(), p.shape()).reshape(p.dim(0), -1);
  }

  @ParameterizedTest
  @MethodSource("exactCases")
  void asPeft(String label) {
    combine(label);
    List<String> paths =
        PEFT.names().stream()
            .filter(n -> n.startsWith("out." + label + "."))
            .map(n -> n.substring(n.lastIndexOf('.') + 1))
            .toList();
    assertThat(new TreeSet<>(model.adapters().adapter("new").layers().keySet()))
        .isEqualTo(new TreeSet<>(paths));
    for (String path : paths) {
      float[] theirs = storage("out." + label + "." + path).toFloats();
      float largest = 1;
      for (float v : theirs) {
        largest = Math.max(largest, Math.abs(v));
      }
      assertThat(delta("new", path))
          .as(path)
          .usingComparatorWithPrecision(1e-5f * largest)
          .containsExactly(theirs);
    }
  }

  @ParameterizedTest
  @MethodSource("randomCases")
  void inDistributionAsPeft(String label) {
    int draws = 800;
    List<String> paths = List.of("lin", "conv");
    Map<String, double[][]> sums = new LinkedHashMap<>();
    Rng.with(
        11,
        () -> {
          for (int k = 0; k < draws; k++) {
            combine(label);
            for (String path : paths) {
              float[] d = delta("new", path);
              double[][] sum = sums.computeIfAbsent(path, p -> new double[2][d.length]);
              for (int i = 0; i < d.length; i++) {
                sum[0][i] += d[i];
                sum[1][i] += (double) d[i] * d[i];
              }
            }
            model.adapters().delete("new");
          }
          return true;
        });
    sums.forEach(
        (path, sum) -> {
          float[] mean = storage("mean." + label + "." + path).toFloats();
          float[] std = storage("std." + label + "." + path).toFloats();
          for (int i = 0; i < mean.length; i++) {
            double here = sum[0][i] / draws;
            double spread = Math.sqrt(Math.max(0, sum[1][i] / draws - here * here));
            double error = 5 * Math.hypot(spread, std[i]) / Math.sqrt(draws) + 1e-4;
            assertThat(here).as(path + " mean " + i).isCloseTo(mean[i], within(error));
            assertThat(spread)
                .as(path + " std " + i)
                .isCloseTo(std[i], within(0.25 * std[i] + 1e-3));
          }
        });
  }

  @Test
  void theNewAdapterIsFrozenInactiveAndSaysWhatItIs() {
    model
        .adapters()
        .addWeighted("new", List.of("a", "c"), List.of(1.0, 0.5), Combination.of("cat"));
    assertThat(model.adapters().active()).containsExactly("a");
    assertThat(model.adapters().adapter("new").ownParameters()).noneMatch(p -> p.trainable());
    LoraConfig config = (LoraConfig) model.adapters().config("new");
    assertThat(config.r()).isEqualTo(5);
    assertThat(config.alpha()).isEqualTo(5);
    assertThat(config.rankPattern()).isEmpty();
    assertThat(config.targets().targets()).containsExactlyInAnyOrder("lin", "emb", "conv", "point");
  }

  @Test
  void whatCannotBeCombined() {
    assertRefused(
        List.of("a", "c"), List.of(1.0, 1.0), Combination.of("linear"), "one rank", "[2, 3]");
    assertRefused(
        List.of("a", "b"), List.of(1.0), Combination.of("cat"), "2 adapters and 1 weights");
    assertRefused(List.of(), List.of(), Combination.of("cat"), "at least one adapter");
    assertRefused(
        List.of("a", "nope"), List.of(1.0, 1.0), Combination.of("cat"), "no adapter named 'nope'");
    assertRefused(
        List.of("a", "b"), List.of(1.0, 1.0), Combination.of("ties"), "ties needs a density");
    assertThatThrownBy(() -> Combination.of("mean"))
        .hasMessageContaining("'mean'")
        .hasMessageContaining("dare_ties_svd");
    assertThatThrownBy(() -> Combination.of("svd").withSvdRank(0))
        .hasMessageContaining("svdRank is 0");
    assertThatThrownBy(() -> Combination.of("ties").withDensity(-1))
        .hasMessageContaining("density is -1");
    model
        .adapters()
        .addMatching("regex", LoraConfig.builder().r(2).targetRegex("lin|conv").build());
    assertRefused(
        List.of("a", "regex"), List.of(1.0, 1.0), Combination.of("cat"), "regular expression");
    assertThat(model.adapters().names()).containsExactly("a", "b", "c", "d", "s", "regex");
    model
        .adapters()
        .addWeighted("both", List.of("regex", "regex"), List.of(1.0, 1.0), Combination.of("cat"));
    assertThat(model.adapters().config("both").targets().targetRegex())
        .isEqualTo("(lin|conv)|(lin|conv)");
  }

  private void assertRefused(
      List<String> adapters, List<Double> weights, Combination how, String... message) {
    assertThatThrownBy(() -> model.adapters().addWeighted("new", adapters, weights, how))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(message);
    assertThat(model.adapters().names()).doesNotContain("new");
  }

  @Test
  void savedModulesCannotBeCombined() {
    model.adapters().addMatching("e", lora(2, 2, "lin").modulesToSave("point").build());
    model.adapters().addMatching("f", lora(2, 2, "lin").modulesToSave("point").build());
    assertRefused(List.of("e", "f"), List.of(1.0, 1.0), Combination.of("cat"), "'point'");
    model
        .adapters()
        .addWeighted("new", List.of("e", "d"), List.of(1.0, 1.0), Combination.of("cat"));
  }

  @Test
  void clampingKeepsWithinTheQuantile() {
    model
        .adapters()
        .addWeighted(
            "new", List.of("a", "b"), List.of(1.0, 1.0), Combination.of("svd").withSvdClamp(0.8));
    List<Float> all = new ArrayList<>();
    for (TunerLayer.Entry e : model.adapters().adapter("new").layer("lin").parameters()) {
      for (float v : e.parameter().own().toFloats()) {
        all.add(v);
      }
    }
    float largest = all.stream().map(Math::abs).max(Float::compare).orElseThrow();
    assertThat(all.stream().filter(v -> Math.abs(v) == largest).count()).isGreaterThan(2);
  }
}
