package dev.peft4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.annotation.Bias;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class SummaryTest {
  /** Begins and ends with operations that use no layer. */
  static final class Block extends Module {
    final Linear up = new Linear(8, 16);
    final Dropout drop = new Dropout(0.1);
    final Relu act = new Relu();
    final Linear down = new Linear(16, 8);

    Tensor forward(Tensor x) {
      Tensor h = x.reshape(-1, 8).mul(2);
      return down.forward(drop.forward(act.forward(up.forward(h)))).reshape(1, -1, 8);
    }
  }

  static final class Mean extends Module {
    Tensor forward(Tensor x) {
      return x.mean(1);
    }
  }

  static final class Net extends Module {
    final Embedding embed = new Embedding(10, 8);
    final List<Block> blocks = List.of(new Block(), new Block(), new Block());
    final Mean pool = new Mean();
    final Linear head = new Linear(8, 2);
    final Linear unused = new Linear(1, 1);

    private Tensor forward(Tensor ids) {
      Tensor x = embed.forward(ids);
      for (Block b : blocks) {
        x = b.forward(x);
      }
      return head.forward(pool.forward(x));
    }

    Tensor two(Tensor a, Tensor b) {
      return forward(a).add(forward(b));
    }
  }

  private static final Tensor IDS = Tensor.of(new int[] {1, 2, 3}, 1, 3);

  private static Map<String, Shape> shapes(ModuleSummary summary) {
    return summary.rows().stream()
        .filter(r -> r.output() != null)
        .collect(Collectors.toMap(ModuleSummary.Row::path, ModuleSummary.Row::output));
  }

  @Test
  void everyModuleHasTheShapeOfItsResult() {
    Map<String, Shape> shapes = shapes(new Net().summary(IDS));
    assertThat(shapes)
        .containsEntry("", Shape.of(1, 2))
        .containsEntry("embed", Shape.of(1, 3, 8))
        .containsEntry("pool", Shape.of(1, 8))
        .containsEntry("head", Shape.of(1, 2))
        .doesNotContainKey("unused");
    for (int i = 0; i < 3; i++) {
      assertThat(shapes)
          .containsEntry("blocks." + i, Shape.of(1, 3, 8))
          .containsEntry("blocks." + i + ".up", Shape.of(3, 16))
          .containsEntry("blocks." + i + ".drop", Shape.of(3, 16))
          .containsEntry("blocks." + i + ".act", Shape.of(3, 16))
          .containsEntry("blocks." + i + ".down", Shape.of(3, 8));
    }
  }

  @Test
  void everyLayerOfThePackage() {
    assertThat(shapes(new TransformerDecoderLayerNet().summary(Tensor.ones(2, 3, 4))))
        .containsEntry("layer", Shape.of(2, 3, 4))
        .containsEntry("layer.multihead_attn", Shape.of(2, 3, 4))
        .containsEntry("layer.dropout3", Shape.of(2, 3, 4))
        .containsEntry("lstm", Shape.of(2, 3, 10))
        .containsEntry("image", Shape.of(2, 2, 1, 1))
        .containsEntry("image.0", Shape.of(2, 2, 1, 3))
        .containsEntry("image.1", Shape.of(2, 2, 1, 3))
        .containsEntry("image.2", Shape.of(2, 2, 1, 1));
  }

  static final class TransformerDecoderLayerNet extends Module {
    final TransformerDecoderLayer layer = new TransformerDecoderLayer(4, 2, 8);
    final Lstm lstm = new Lstm(4, 5, 1, true);
    final Sequential image =
        new Sequential(new Conv2d(1, 2, 3, 1, 0), new PRelu(), new AdaptiveMaxPool2d(1, 1));

    Tensor forward(Tensor x) {
      Tensor y = lstm.forward(layer.forward(x, x, null, null, false)).output();
      return image.forward(y.slice(2, 0, 5).reshape(2, 1, 3, 5));
    }
  }

  @Test
  void countsAreThoseOfPeft() {
    AdaptedModel<Net> m =
        PeftModel.of(
            new Net(),
            LoraConfig.builder()
                .targets("up", "embed")
                .r(2)
                .bias(Bias.ALL)
                .modulesToSave("head")
                .build());
    ModuleSummary s = m.summary(IDS);
    assertThat(m.trainableSummary())
        .startsWith(
            String.format(
                "trainable params: %,d || all params: %,d ||", s.trainable(), s.parameters()));
    assertThat(s.toString())
        .contains("lora.Embedding  ", "lora.Linear  ", "ModulesToSaveWrapper  ", "Dropout  ")
        .contains(String.format("parameters: %,d, trainable: %,d (", s.parameters(), s.trainable()))
        .contains("gradients ", " AdamW ");
    assertThat(s.gradientBytes()).isEqualTo(4 * s.trainable());
    assertThat(s.optimizerBytes()).isEqualTo(8 * s.trainable());
    assertThat(s.parameterBytes()).isEqualTo(4 * s.parameters());
    assertThat(shapes(s)).isEqualTo(shapes(new Net().summary(IDS)));
    assertThat(m.model().summary(IDS)).isEqualTo(s);
    assertThat(m.summary().rows()).allSatisfy(r -> assertThat(r.output()).isNull());
  }

  @Test
  void theTableIsAligned() {
    String[] lines = new Net().summary(IDS).toString().split("\\R");
    assertThat(lines[0]).isEqualTo("layer          kind       output     parameters  trainable");
    assertThat(lines[2]).isEqualTo("embed          Embedding  (1, 3, 8)          80         80");
    assertThat(lines[5]).isEqualTo("blocks.0.drop  Dropout    (3, 16)             -          -");
  }

  @Test
  void nothingOfTheModelChanges() {
    Net net = new Net();
    net.train();
    net.blocks.get(1).drop.eval();
    String before = state(net);
    String after =
        Rng.with(
            5,
            () -> {
              net.summary(() -> net.two(IDS, IDS));
              assertThat(Rng.current().nextLong())
                  .isEqualTo(Rng.with(5, () -> Rng.current().nextLong()));
              return state(net);
            });
    assertThat(after).isEqualTo(before);
    assertThat(net.training()).isTrue();
    assertThat(net.blocks.get(1).drop.training()).isFalse();

    AdaptedModel<Net> m =
        PeftModel.of(net, LoraConfig.builder().targets("up").r(1).dropout(0.5).build());
    m.train();
    before = state(net) + m.adapters().generators().values().stream().map(Rng::position).toList();
    m.summary(IDS);
    after = state(net) + m.adapters().generators().values().stream().map(Rng::position).toList();
    assertThat(after).isEqualTo(before);
    assertThat(m.training()).isTrue();
  }

  private static String state(Net net) {
    return net.generators().values().stream().map(r -> r.seed() + ":" + r.position()).toList()
        + net.parameters().stream().map(p -> List.of(p.own().version())).toList().toString();
  }

  @Test
  void aFailingCallLeavesTheModelAsItWas() {
    Net net = new Net();
    assertThatThrownBy(() -> net.summary(Tensor.ones(2, 2))).isInstanceOf(RuntimeException.class);
    assertThat(net.training()).isTrue();
    assertThat(shapes(net.summary(IDS))).hasSizeGreaterThan(10);
  }

  static final class Two extends Module {
    final Linear a = new Linear(1, 2);

    Tensor forward(Tensor x, Tensor y) {
      return a.forward(x).add(a.forward(y));
    }
  }

  @Test
  void aModelOfTwoInputsSaysWhatToGive() {
    Two two = new Two();
    Tensor x = Tensor.ones(3, 1);
    assertThatThrownBy(() -> two.summary(x))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("Two has no method forward(Tensor)")
        .hasMessageContaining("summary(() ->");
    assertThat(two.summary(() -> two.forward(x, x)).output("a")).isEqualTo(Shape.of(3, 2));
  }

  @Test
  void adaptersAreATable() {
    AdaptedModel<Net> m = PeftModel.of(new Net(), LoraConfig.builder().targets("up").r(2).build());
    m.adapters()
        .addMatching(
            "en", LoraConfig.builder().targets("up", "head").r(4).rankPattern("head", 8).build());
    assertThat(m.adapters())
        .hasToString(
            """
            2 adapters of Net
            name     active  tuner  rank  layers  parameters  trainable  merged
            default  yes     LORA      2       3         144        144      no
            en       no      LORA    4-8       4         368          0      no\
            """);
    m.adapters().activate("en");
    m.merge();
    assertThat(m.adapters().toString())
        .contains("default  no      LORA      2       3         144          0      no")
        .contains("en       yes     LORA    4-8       4         368        368     yes");
    m.mergeAndUnload();
    assertThat(m.adapters()).hasToString("no adapters of Net");
  }
}
