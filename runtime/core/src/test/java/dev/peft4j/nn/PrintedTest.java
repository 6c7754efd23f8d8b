package dev.peft4j.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.target.TargetSpec;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.ia3.Ia3Config;
import dev.peft4j.tuner.lora.LoraConfig;
import dev.peft4j.tuner.tokens.TrainableTokensConfig;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Modules as they are printed, against what torch 2 and peft 0.21 print for the same ones ({@code
 * print(module)}; torch's internal name for an attention's projection is replaced by Linear).
 */
class PrintedTest {
  static final List<Module> LAYERS =
      List.of(
          new Linear(2, 3),
          new Linear(2, 3, false),
          new Embedding(5, 2),
          new Conv1d(2, 3, 3),
          new Conv1d(2, 3, 3, 2, 1, false),
          new Conv2d(2, 3, 3),
          new Conv2d(2, 3, 3, 2, 1, false),
          new Conv3d(2, 3, 3),
          new Conv3d(2, 3, 3, 2, 1, false),
          new ConvTranspose2d(2, 3, 3, 2, 1),
          new ConvTranspose2d(2, 3, 3, 2, 1, 1, false),
          new Dropout(0.1),
          new LayerNorm(4),
          new LayerNorm(4, 1e-12f),
          new RmsNorm(4),
          new GroupNorm(2, 4),
          new PRelu(),
          new PRelu(3),
          new Relu(),
          new Gelu(),
          new Silu(),
          new Sigmoid(),
          new Tanh(),
          new MaxPool2d(2),
          new MaxPool2d(3, 2, 1),
          new AvgPool2d(2),
          new AvgPool2d(3, 2, 1),
          new AdaptiveAvgPool2d(2, 3),
          new AdaptiveMaxPool2d(2, 3),
          new Lstm(2, 3),
          new Lstm(2, 3, 2, true),
          new Gru(2, 3),
          new Sequential(new Linear(2, 3), new Relu(), new Relu()),
          new MultiheadAttention(4, 2),
          new TransformerEncoderLayer(4, 2, 8),
          new TransformerDecoderLayer(4, 2, 8),
          new BatchNorm1d(3),
          new BatchNorm2d(3, 1e-5f, null, false, false));

  private static final Map<String, String> PEFT = sections();

  private static String resource(String name) {
    try (InputStream in = PrintedTest.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Map<String, String> sections() {
    return Stream.of(resource("peft-printed.txt").split("(?m)^== "))
        .skip(1)
        .collect(
            Collectors.toMap(
                s -> s.lines().findFirst().orElseThrow(),
                s -> s.lines().skip(1).collect(Collectors.joining("\n"))));
  }

  @Test
  void layersAreTorchs() {
    assertThat(LAYERS.stream().map(Module::toString).collect(Collectors.joining("\n")) + "\n")
        .isEqualTo(resource("torch-printed.txt"));
  }

  /** No layer of the package is missing above, but the kinds that torch does not have. */
  @Test
  void everyLayerIsThere() throws Exception {
    Path classes =
        Path.of(URI.create(Module.class.getResource("Module.class").toString())).getParent();
    List<? extends Class<?>> all;
    try (Stream<Path> files = Files.list(classes)) {
      all =
          files
              .map(f -> f.getFileName().toString())
              .filter(f -> f.matches("\\w+\\.class"))
              .map(f -> load("dev.peft4j.nn." + f.substring(0, f.length() - 6)))
              .filter(c -> Module.class.isAssignableFrom(c))
              .filter(c -> !ModelSlot.class.isAssignableFrom(c)) // computes nothing
              .filter(c -> !java.lang.reflect.Modifier.isAbstract(c.getModifiers()))
              .toList();
    }
    assertThat(all).hasSizeGreaterThan(25).anyMatch(TransposedLinear.class::equals);
    assertThat(all)
        .filteredOn(c -> c != TransposedLinear.class)
        .allSatisfy(c -> assertThat(LAYERS).hasAtLeastOneElementOfType(c));
    assertThat(new TransposedLinear(2, 3)).hasToString("Conv1D(nf=3, nx=2)");
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name);
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  static final class Net extends Module {
    final Embedding embed = new Embedding(10, 4);
    final Conv2d conv = new Conv2d(3, 4, 3, 1, 1);
    final Linear up = new Linear(4, 8);
    final List<Linear> blocks =
        List.of(new Linear(8, 8), new Linear(8, 8), new Linear(8, 8), new Linear(8, 8, false));
    final Linear head = new Linear(8, 2);
  }

  static final List<String> CONFIGS =
      List.of("lora", "lora_bias tokens", "merged", "ia3", "tokens");

  private static AdaptedModel<Net> adapted(String which) {
    return switch (which) {
      case "lora" -> {
        AdaptedModel<Net> m =
            PeftModel.of(
                new Net(),
                LoraConfig.builder()
                    .targets("embed", "conv", "up", "blocks.1")
                    .r(2)
                    .dropout(0.1)
                    .modulesToSave("head")
                    .build());
        m.adapters()
            .addMatching("other", LoraConfig.builder().targets("up").r(3).dora(true).build());
        yield m;
      }
      case "lora_bias tokens" ->
          of(
              LoraConfig.builder()
                  .targets("up")
                  .r(2)
                  .loraBias(true)
                  .trainableTokens("embed", 1, 2)
                  .build());
      case "merged" -> {
        AdaptedModel<Net> m = of(LoraConfig.builder().targets("up").r(2).build());
        m.merge();
        yield m;
      }
      case "ia3" ->
          of(Ia3Config.builder().targets("up", "conv", "head").feedforward("head").build());
      default -> of(TrainableTokensConfig.of(TargetSpec.of("embed"), 1, 2));
    };
  }

  private static AdaptedModel<Net> of(PeftConfig config) {
    return PeftModel.of(new Net(), config);
  }

  @ParameterizedTest
  @FieldSource("CONFIGS")
  void adaptersArePefts(String which) {
    assertThat(adapted(which)).hasToString(PEFT.get(which));
  }

  @Test
  void aModelWithoutAdaptersIsTorchs() {
    AdaptedModel<Net> m = adapted("lora");
    String net = PEFT.get("net");
    m.mergeAndUnload();
    assertThat(m.model()).hasToString(net);
    assertThat(m).hasToString(net);
    assertThat(new Net()).hasToString(net);
  }

  @Test
  void adaptedModelsOfOneBaseEachShowTheirOwn() {
    Net base = new Net();
    AdaptedModel<Net> a = PeftModel.of(base, LoraConfig.builder().targets("up").r(2).build());
    AdaptedModel<Net> b = PeftModel.of(base, LoraConfig.builder().targets("head").r(3).build());
    assertThat(a.toString()).contains("(up): lora.Linear(").doesNotContain("(head): lora.");
    assertThat(b.toString()).contains("(head): lora.Linear(").doesNotContain("(up): lora.");
    assertThat(base).hasToString(PEFT.get("net"));
  }

  record Parts(Linear left, Linear right) {}

  static final class Own extends Module {
    final Map<String, Linear> byName = Map.of("a", new Linear(1, 1));
    final Parts parts = new Parts(new Linear(1, 2), new Linear(2, 1));
    final Linear shared = byName.get("a");
    Module self = new Relu();

    Tensor forward(Tensor x) {
      return x;
    }

    @Override
    protected String extraRepr() {
      return "depth=2";
    }
  }

  @Test
  void modulesOfOnesOwn() {
    Own own = new Own();
    own.self = own;
    assertThat(own)
        .hasToString(
            """
            Own(
              depth=2
              (by_name): ModuleDict(
                (a): Linear(in_features=1, out_features=1, bias=True)
              )
              (parts): ModuleDict(
                (left): Linear(in_features=1, out_features=2, bias=True)
                (right): Linear(in_features=2, out_features=1, bias=True)
              )
              (shared): Linear(in_features=1, out_features=1, bias=True)
              (self): Own(...)
            )\
            """);
    assertThat(new Linear(1, 1) {}).hasToString("Linear(in_features=1, out_features=1, bias=True)");
    assertThat(ModuleText.number(1e-12f)).isEqualTo("1e-12");
    assertThat(ModuleText.number(2)).isEqualTo("2.0");
  }
}
