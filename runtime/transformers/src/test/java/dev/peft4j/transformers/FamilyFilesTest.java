package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the files of every family may hold: other names, types and parts of weights. */
@ParameterizedClass(name = "{0}")
@MethodSource("dev.peft4j.transformers.FamilyCase#families")
class FamilyFilesTest extends FamilyCase {
  FamilyFilesTest(String modelType) {
    super(modelType);
  }

  // ---- what files may look like

  @Test
  void anEncodersFileHasNoPrefix() throws IOException {
    Tensor expected =
        Transformers.encoder(tiny.sequence()).forward(tiny.ids(), tiny.mask(), tiny.types());
    String prefix = family.prefix() + ".";
    Path folder =
        tiny.rewritten(
            temp, name -> name.startsWith(prefix) ? name.substring(prefix.length()) : null);
    Encoder encoder = Transformers.encoder(folder);
    assertThat(encoder.forward(tiny.ids(), tiny.mask(), tiny.types()).toFloats())
        .isEqualTo(expected.toFloats());
    assertThatThrownBy(() -> Transformers.sequenceClassifier(folder))
        .hasMessageContaining("which has no classifier")
        .hasMessageContaining(family.outputLayer() + ".weight");
    SequenceClassifier fresh = Transformers.sequenceClassifier(folder, 40);
    assertThat(forward(fresh).shape().toArray()).containsExactly(2, 40);
    Map<String, float[]> weights = values(fresh);
    String output = family.outputLayer() + ".weight";
    double expectedDeviation = deviation(output, fresh.config());
    assertThat(deviation(weights.get(output)))
        .isCloseTo(expectedDeviation, within(expectedDeviation / 4));
    assertThat(weights.get(family.outputLayer() + ".bias")).containsOnly(0);
    assertThat(Rng.with(7, () -> drawn(folder))).isEqualTo(Rng.with(7, () -> drawn(folder)));
    assertThat(Rng.with(8, () -> drawn(folder))).isNotEqualTo(Rng.with(7, () -> drawn(folder)));
  }

  @Test
  void layersBeforeTheClassifierThatAreMissingAreDrawn() throws IOException {
    List<String> between = family.betweenLayers();
    Path folder =
        tiny.rewritten(
            temp, name -> between.stream().anyMatch(l -> name.startsWith(l + ".")) ? null : name);
    Logged logged = Logged.of(() -> Transformers.sequenceClassifier(folder));
    assertThat(Transformers.newLayers(folder))
        .hasSameSizeAs(between)
        .allMatch(layer -> between.stream().anyMatch(l -> l.endsWith(layer)))
        .allMatch(layer -> logged.text().contains(layer));
    Map<String, float[]> weights = values((Module) logged.result());
    for (String layer : between) {
      String name =
          weights.keySet().stream()
              .filter(n -> n.startsWith(layer + ".") && n.endsWith(".weight"))
              .findFirst()
              .orElseThrow();
      double expected = deviation(name, sequence().config());
      assertThat(deviation(weights.get(name))).isCloseTo(expected, within(expected / 2));
    }
    assertThat(logged.text().isEmpty()).isEqualTo(between.isEmpty());
    assertThat(Transformers.newLayers(tiny.sequence())).isEmpty();
  }

  @Test
  void anEncoderHasAPoolerIfItsFileHasOne() throws IOException {
    Path without = tiny.rewritten(temp, name -> name.contains(".pooler.") ? null : name);
    assertThat(Transformers.encoder(without).pooler()).isNull();
    // ALBERT's pooler is a layer, the others' contains one
    String layer = family.modelType().equals("albert") ? ".pooler" : ".pooler.dense";
    Path with =
        tiny.withExtra(Files.createDirectory(temp.resolve("with")), family.prefix() + layer);
    assertThat(Transformers.encoder(with).pooler() != null)
        .isEqualTo(family.parts().contains("pooler"));
  }

  private float[] drawn(Path folder) {
    try {
      return values(Transformers.tokenClassifier(folder, List.of("a", "b")))
          .get("classifier.weight");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void layerNormsMayHaveTheNamesOfTensorFlow() throws IOException {
    Path folder =
        tiny.rewritten(
            temp,
            name ->
                name.replace("LayerNorm.weight", "LayerNorm.gamma")
                    .replace("LayerNorm.bias", "LayerNorm.beta"));
    near("logits", logits(folder), expectedLogits());
  }

  @Test
  void weightsMayBeInShards() throws IOException {
    near("logits", logits(tiny.sharded(temp)), expectedLogits());
  }

  @ParameterizedTest
  @CsvSource({"FLOAT16,1e-2", "BFLOAT16,1e-1"})
  void weightsMayBe16BitNumbers(String name, double tolerance) throws IOException {
    Encoding type = Encodings.named(name);
    Path folder = tiny.inType(temp, type);
    float[] expected = expectedLogits().toFloats();
    assertThat(Tiny.largestDifference(logits(folder).toFloats(), expected)).isLessThan(tolerance);
    SequenceClassifier half = Transformers.sequenceClassifier(folder, type);
    assertThat(Tiny.largestDifference(forward(half).toFloats(), logits(folder).toFloats()))
        .isLessThan(TOLERANCE);
  }

  @Test
  void headsOfOtherTasksAreLeftOut() throws IOException {
    for (String head : family.foreignHeads()) {
      Path folder = tiny.withExtra(Files.createTempDirectory(temp, "head"), head + "dense");
      Logged logged = Logged.of(() -> Transformers.sequenceClassifier(folder));
      assertThat(logged.text()).as(head).isEmpty();
    }
    Path folder = tiny.withExtra(Files.createTempDirectory(temp, "head"), "unheard.of");
    assertThat(Logged.of(() -> Transformers.sequenceClassifier(folder)).text())
        .contains("does not use", "unheard.of.weight");
  }

  @Test
  void theFamilyIsFoundWithoutItsType() throws IOException {
    Path folder = tiny.copy(temp);
    Path config = folder.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("\"model_type\"", "\"unknown\""));
    assertThat(Transformers.family(folder).modelType()).isEqualTo(family.modelType());
    near("logits", logits(folder), expectedLogits());
  }

  @ParameterizedTest
  @CsvSource({
    "position_embedding_type, relative_key",
    "is_decoder, true",
    "is_encoder_decoder, true",
    "add_cross_attention, true",
  })
  void whatIsNotSupportedIsRefusedByName(String key, String value) throws IOException {
    String text = value.equals("true") ? value : '"' + value + '"';
    assertThatThrownBy(() -> family.config(reader("{\"" + key + "\": " + text + "}"), true))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("config.json: " + key + " is " + text + ", which is not supported");
  }
}
