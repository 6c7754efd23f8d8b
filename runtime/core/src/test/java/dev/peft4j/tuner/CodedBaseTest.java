package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Init;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.RandomCodes;
import dev.peft4j.data.Rng;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.Sequential;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Adapters over a base whose frozen weights are in another encoding; every one that is found. */
class CodedBaseTest {
  static final class Net extends Module {
    final Linear first = new Linear(64, 32);
    final Linear second = new Linear(32, 5);

    Tensor forward(Tensor x) {
      return second.forward(first.forward(x).relu());
    }
  }

  static final class Words extends Module {
    final Embedding table = new Embedding(50, 64);
    final Linear head = new Linear(64, 3);

    Tensor forward(Tensor ids) {
      return head.forward(table.forward(ids).mean(1));
    }
  }

  static List<Encoding> coded() {
    return RandomCodes.encodings().stream().filter(e -> !e.isPlain() && e.encodes()).toList();
  }

  static List<Encoding> blocks() {
    return coded().stream().filter(Encoding::hasBlocks).toList();
  }

  static List<Encoding> inFiles() {
    return coded().stream().filter(e -> e.safetensorsName() != null).toList();
  }

  static List<Encoding> notInFiles() {
    return coded().stream().filter(e -> e.safetensorsName() == null).toList();
  }

  private static Net net() {
    return Rng.with(3, Net::new);
  }

  private static Tensor data(long seed, int rows, int columns) {
    return Tensor.of(new Rng(seed).normal(rows * columns, 0, 1), rows, columns);
  }

  private static float[] losses(Net net, LoraConfig config) {
    AdaptedModel<Net> model = Rng.with(9, () -> PeftModel.of(net, config));
    AdamW optimizer = AdamW.of(model.trainableParameters(), 1e-2f);
    float[] losses = new float[6];
    for (int i = 0; i < losses.length; i++) {
      Tensor loss = net.forward(data(i, 40, 64)).mseLoss(data(100 + i, 40, 5));
      loss.backward();
      optimizer.step();
      losses[i] = loss.item();
    }
    return losses;
  }

  @ParameterizedTest
  @MethodSource("coded")
  void adaptersTrainAsOverTheSameNumbersInFloat32(Encoding type) {
    for (LoraConfig config :
        new LoraConfig[] {
          LoraConfig.builder().r(4).targets("first").modulesToSave("second").build(),
          LoraConfig.builder().r(2).allLinear().dora(true).build(),
          LoraConfig.builder().r(2).targets("first").bias(Bias.ALL).build()
        }) {
      Net coded = net();
      coded.to(type);
      Net single = net();
      single.to(type).to(Encodings.FLOAT32);
      assertThat(losses(coded, config)).containsExactly(losses(single, config), within(1e-5f));
      assertThat(coded.first.weight().own().encoding()).isEqualTo(held(type, coded));
      assertThat(coded.first.weight().trainable()).isFalse();
    }
  }

  @ParameterizedTest
  @MethodSource("coded")
  void anAdapterOfATableTrains(Encoding type) {
    Words coded = Rng.with(5, Words::new);
    coded.to(type);
    Words single = Rng.with(5, Words::new);
    single.to(type).to(Encodings.FLOAT32);
    float[][] losses = new float[2][];
    for (Words words : new Words[] {coded, single}) {
      LoraConfig config = LoraConfig.builder().r(2).targets("table", "head").build();
      AdaptedModel<Words> model = Rng.with(9, () -> PeftModel.of(words, config));
      AdamW optimizer = AdamW.of(model.trainableParameters(), 5e-2f);
      float[] own = new float[8];
      for (int i = 0; i < own.length; i++) {
        Tensor ids = Tensor.of(new int[] {1, 2, 49, 7, 7, 0}, 2, 3);
        Tensor loss = words.forward(ids).crossEntropy(Tensor.of(new int[] {0, 2}));
        loss.backward();
        optimizer.step();
        own[i] = loss.item();
      }
      losses[words == coded ? 0 : 1] = own;
    }
    assertThat(losses[0]).containsExactly(losses[1], within(1e-5f));
    assertThat(losses[0][7]).isLessThan(0.7f * losses[0][0]);
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void onlyMatricesOfLayersAreHeldInBlocks(Encoding type) {
    Net net = net();
    long before = bytes(net);
    net.to(type);
    assertThat(net.first.weight().own().encoding()).isEqualTo(held(type, net));
    assertThat(net.first.bias().own().encoding()).isEqualTo(Encodings.FLOAT32);
    assertThat(net.trainableParameters()).hasSize(2);
    assertThat(bytes(net)).isLessThan(before / 2);
    assertThat(net.summary().toString()).contains("first");
    if (type.blockValues() == 1 || type.crossesRows()) {
      return; // every shape fits
    }

    Linear odd = new Linear(type.blockValues() + 1, 4);
    float[] values = odd.weight().own().toFloats();
    assertThatThrownBy(() -> new Sequential(new Linear(type.blockValues(), 4), odd).to(type))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("1.weight (4, " + (type.blockValues() + 1) + ")")
        .hasMessageContaining("a multiple of " + type.blockValues())
        .hasMessageContaining(type.name());
    assertThat(odd.weight().own().toFloats()).isEqualTo(values);
    assertThatThrownBy(() -> odd.weight().to(type)).isInstanceOf(ShapeException.class);
  }

  private static Encoding held(Encoding type, Net net) {
    return type.forShape(net.first.weight().shape());
  }

  private static long bytes(Module module) {
    return module.parameters().stream().mapToLong(p -> p.own().bytes()).sum();
  }

  private static AdaptedModel<Net> strong(Net net) {
    LoraConfig config =
        LoraConfig.builder().r(2).alpha(64).init(Init.GAUSSIAN).targets("first").build();
    AdaptedModel<Net> model = Rng.with(8, () -> PeftModel.of(net, config));
    model.trainableParameters().get(1).set(new Rng(1).normal(64, 0, 1));
    return model;
  }

  /** Beside the base merged weights are float32: exact, and gone when unmerged. */
  @ParameterizedTest
  @MethodSource("coded")
  void mergedWeightsStandBesideTheBase(Encoding type) {
    Net net = net();
    net.to(type);
    AdaptedModel<Net> model = strong(net);
    Tensor x = data(1, 6, 64);
    float[] before = net.forward(x).toFloats();
    model.adapters().merge();
    assertThat(net.forward(x).toFloats()).containsExactly(before, within(1e-3f));
    model.adapters().unmerge();
    assertThat(net.forward(x).toFloats()).containsExactly(before, within(1e-5f));
    assertThat(net.first.weight().own().encoding()).isEqualTo(held(type, net));
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void mergingIntoBlocksIsRefused(Encoding type) {
    Net net = net();
    net.to(type);
    AdaptedModel<Net> model = strong(net);
    Tensor x = data(1, 6, 64);
    float[] before = net.forward(x).toFloats();
    assertThatThrownBy(() -> model.adapters().mergeAndUnload())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("'first.weight' is held as " + held(type, net))
        .hasMessageContaining("to(FLOAT32)");
    assertThat(net.forward(x).toFloats()).isEqualTo(before);
    net.first.weight().to(Encodings.FLOAT32);
    assertThat(net.forward(x).toFloats()).containsExactly(before, within(1e-5f));
    model.adapters().mergeAndUnload();
    assertThat(net.forward(x).toFloats()).containsExactly(before, within(1e-3f));
  }

  @Test
  void mergingRoundsToTheTypeOfTheBase() {
    Net net = net();
    net.to(Encodings.BFLOAT16);
    AdaptedModel<Net> model = strong(net);
    Parameter a = model.trainableParameters().get(0);
    Parameter b = model.trainableParameters().get(1);
    float[] sums = sums(net.first.weight().own(), a.own(), b.own(), 32);
    Tensor x = data(1, 6, 64);
    float[] before = net.forward(x).toFloats();
    model.adapters().merge();
    assertThat(net.forward(x).toFloats()).containsExactly(before, within(1e-3f));
    model.adapters().unmerge();
    assertThat(net.forward(x).toFloats()).containsExactly(before, within(1e-5f));
    model.adapters().mergeAndUnload();
    Storage merged = net.first.weight().own();
    assertThat(merged.encoding()).isEqualTo(Encodings.BFLOAT16);
    for (int i = 0; i < sums.length; i++) {
      assertThat(merged.floatAt(i)).isCloseTo(sums[i], withinPercentage(0.4)); // 2⁻⁸
    }
  }

  /** W + scale · B · A for W (32, 64), A (2, 64), B (32, 2). */
  private static float[] sums(Storage w, Storage a, Storage b, float scale) {
    float[] sums = w.toFloats();
    for (int i = 0; i < sums.length; i++) {
      int row = i / 64;
      int column = i % 64;
      sums[i] +=
          scale
              * (b.floatAt(2L * row) * a.floatAt(column)
                  + b.floatAt(2L * row + 1) * a.floatAt(64 + column));
    }
    return sums;
  }

  @Test
  void weightsOf16BitsAreFrozen() {
    Net net = net();
    net.to(Encodings.BFLOAT16);
    assertThat(net.trainableParameters()).isEmpty();
    assertThat(net.namedParameters().getLast().toString())
        .contains("dtype=bfloat16, requires_grad=False");
    assertThatThrownBy(net::unfreeze)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("holds BFLOAT16")
        .hasMessageContaining("to(FLOAT32)");
    net.to(Encodings.FLOAT32);
    net.unfreeze();
    assertThat(net.trainableParameters()).hasSize(4);
    assertThatThrownBy(() -> net.to(Encodings.INT32)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aTensorOfCodesHasToBeDecoded() {
    Tensor half =
        Tensor.of(Storage.of(1, 2).copyAs(Encodings.FLOAT16), dev.peft4j.data.Shape.of(2));
    assertThatThrownBy(() -> half.add(half))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("FLOAT16")
        .hasMessageContaining("toFloat()");
    assertThatThrownBy(() -> half.reshape(2, 1)).isInstanceOf(ShapeException.class);
    assertThat(half.toFloat().add(half.toFloat()).toFloats()).containsExactly(2, 4);
  }

  @ParameterizedTest
  @MethodSource("inFiles")
  void aFilesMemoryIsTakenAsItIs(Encoding type, @TempDir Path folder) throws IOException {
    Net saved = net();
    saved.to(type);
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    saved.stateDict().forEach((name, p) -> tensors.put(name, new StoredTensor(p.shape(), p.own())));
    Path file = folder.resolve("model.safetensors");
    SafeTensors.write(file, tensors);
    SafeTensors read = SafeTensors.open(file);
    assertThat(read.info("first.weight").type().name()).isEqualTo(type.safetensorsName());

    Net net = new Net();
    for (Map.Entry<String, ModuleTensor> e : net.stateDict().entrySet()) {
      Encoding encoding = saved.stateDict().get(e.getKey()).own().encoding();
      e.getValue().adopt(read.storage(e.getKey(), encoding));
    }
    Parameter weight = net.first.weight();
    assertThat(weight.own().segment().isReadOnly()).isTrue();
    Tensor x = data(5, 20, 64);
    assertThat(net.forward(x).toFloats()).isEqualTo(saved.forward(x).toFloats());

    weight.set(new float[64 * 32]); // what is set is not written to the file
    assertThat(weight.own().encoding()).isEqualTo(type);
    assertThat(SafeTensors.open(file).storage("first.weight", type).toFloats())
        .isEqualTo(saved.first.weight().own().toFloats());
    float first = saved.first.weight().own().floatAt(0);
    for (Encoding other : coded()) {
      if (!other.hasBlocks()) {
        assertThat(read.storage("first.weight", other).floatAt(0))
            .isEqualTo(Storage.of(first).copyAs(other).floatAt(0));
      }
    }
    assertThat(read.storage("first.weight", Encodings.FLOAT32).floatAt(0)).isEqualTo(first);
  }

  @ParameterizedTest
  @MethodSource("notInFiles")
  void anEncodingThatFilesDoNotHaveIsNotSaved(Encoding type, @TempDir Path folder)
      throws IOException {
    Net net = net();
    Path file = folder.resolve("float32.safetensors");
    net.save(file);
    net.to(type);
    Path refused = folder.resolve("model.safetensors");
    assertThatThrownBy(() -> net.save(refused))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("first.weight")
        .hasMessageContaining("held as " + type)
        .hasMessageContaining("to(FLOAT32)");
    assertThat(refused).doesNotExist();

    Net loaded = Rng.with(4, Net::new);
    loaded.to(type).load(file); // coded when they are read
    assertThat(loaded.first.weight().own().equalBytes(net.first.weight().own())).isTrue();
    Storage read = SafeTensors.open(file).storage("first.weight", type);
    assertThat(read.equalBytes(net.first.weight().own())).isTrue();
    net.to(Encodings.FLOAT32).save(refused);
    assertThat(SafeTensors.open(refused).storage("first.weight").toFloats())
        .isEqualTo(read.toFloats());
  }
}
