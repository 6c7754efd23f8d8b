package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Init;
import dev.peft4j.data.DType;
import dev.peft4j.data.Halves;
import dev.peft4j.data.Rng;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Adapters over a base whose frozen weights are 16-bit numbers. */
class HalfBaseTest {
  static final class Net extends Module {
    final Linear first = new Linear(24, 32);
    final Linear second = new Linear(32, 5);

    Tensor forward(Tensor x) {
      return second.forward(first.forward(x).relu());
    }
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
      Tensor loss = net.forward(data(i, 40, 24)).mseLoss(data(100 + i, 40, 5));
      loss.backward();
      optimizer.step();
      losses[i] = loss.item();
    }
    return losses;
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void adaptersTrainAsOverTheSameNumbersInFloat32(DType type) {
    for (LoraConfig config :
        new LoraConfig[] {
          LoraConfig.builder().r(4).targets("first").modulesToSave("second").build(),
          LoraConfig.builder().r(2).allLinear().dora(true).build(),
          LoraConfig.builder().r(2).targets("first").bias(Bias.ALL).build()
        }) {
      Net half = net();
      half.to(type);
      Net single = net();
      single.to(type).to(DType.FLOAT32);
      assertThat(losses(half, config)).containsExactly(losses(single, config), within(1e-5f));
      assertThat(half.first.weight().own().dtype()).isEqualTo(type);
    }
  }

  @Test
  void mergingRoundsToTheTypeOfTheBase() {
    Net net = net();
    net.to(DType.BFLOAT16);
    LoraConfig config =
        LoraConfig.builder().r(2).alpha(64).init(Init.GAUSSIAN).targets("first").build();
    AdaptedModel<Net> model = Rng.with(8, () -> PeftModel.of(net, config));
    Parameter a = model.trainableParameters().get(0);
    Parameter b = model.trainableParameters().get(1);
    b.set(new Rng(1).normal(64, 0, 1));
    float[] sums = sums(net.first.weight().own(), a.own(), b.own(), 32);
    Tensor x = data(1, 6, 24);
    float[] before = net.forward(x).toFloats();
    model.adapters().merge();
    assertThat(net.forward(x).toFloats()).containsExactly(before, within(1e-3f));
    model.adapters().unmerge();
    assertThat(net.forward(x).toFloats()).containsExactly(before, within(1e-5f));
    model.adapters().mergeAndUnload();
    Storage merged = net.first.weight().own();
    assertThat(merged.dtype()).isEqualTo(DType.BFLOAT16);
    for (int i = 0; i < sums.length; i++) {
      assertThat(merged.floatAt(i)).isCloseTo(sums[i], withinPercentage(0.4)); // 2⁻⁸
    }
  }

  /** W + scale · B · A for W (32, 24), A (2, 24), B (32, 2). */
  private static float[] sums(Storage w, Storage a, Storage b, float scale) {
    float[] sums = w.toFloats();
    for (int i = 0; i < sums.length; i++) {
      int row = i / 24;
      int column = i % 24;
      sums[i] +=
          scale
              * (b.floatAt(2L * row) * a.floatAt(column)
                  + b.floatAt(2L * row + 1) * a.floatAt(24 + column));
    }
    return sums;
  }

  @Test
  void weightsOf16BitsAreFrozen() {
    Net net = net();
    net.to(DType.BFLOAT16);
    assertThat(net.trainableParameters()).isEmpty();
    assertThat(net.namedParameters().getLast().toString())
        .contains("dtype=bfloat16, requires_grad=False");
    assertThatThrownBy(net::unfreeze)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("holds BFLOAT16")
        .hasMessageContaining("to(FLOAT32)");
    net.to(DType.FLOAT32);
    net.unfreeze();
    assertThat(net.trainableParameters()).hasSize(4);
    assertThatThrownBy(() -> net.to(DType.INT32)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aTensorOf16BitNumbersHasToBeWidened() {
    Tensor half = Tensor.of(Storage.of(1, 2).copyAs(DType.FLOAT16), dev.peft4j.data.Shape.of(2));
    assertThatThrownBy(() -> half.add(half))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("FLOAT16")
        .hasMessageContaining("toFloat()");
    assertThatThrownBy(() -> half.reshape(2, 1)).isInstanceOf(ShapeException.class);
    assertThat(half.toFloat().add(half.toFloat()).toFloats()).containsExactly(2, 4);
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT16", "BFLOAT16"})
  void aFilesMemoryIsTakenAsItIs(DType type, @TempDir Path folder) throws IOException {
    Net saved = net();
    saved.to(type);
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    saved.stateDict().forEach((name, p) -> tensors.put(name, new StoredTensor(p.shape(), p.own())));
    Path file = folder.resolve("model.safetensors");
    SafeTensors.write(file, tensors);
    SafeTensors read = SafeTensors.open(file);
    assertThat(read.info("first.weight").type().bits()).isEqualTo(16);

    Net net = new Net();
    for (Map.Entry<String, ModuleTensor> e : net.stateDict().entrySet()) {
      e.getValue().adopt(read.storage(e.getKey(), type));
    }
    Parameter weight = net.first.weight();
    assertThat(weight.own().segment().isReadOnly()).isTrue();
    Tensor x = data(5, 20, 24);
    assertThat(net.forward(x).toFloats()).isEqualTo(saved.forward(x).toFloats());

    weight.set(new float[24 * 32]); // what is set is not written to the file
    assertThat(weight.own().dtype()).isEqualTo(type);
    assertThat(SafeTensors.open(file).storage("first.weight", type).toFloats())
        .isEqualTo(saved.first.weight().own().toFloats());
    DType other = type == DType.FLOAT16 ? DType.BFLOAT16 : DType.FLOAT16;
    float first = saved.first.weight().own().floatAt(0);
    assertThat(read.storage("first.weight", other).floatAt(0))
        .isEqualTo(Halves.toFloat(other, Halves.fromFloat(other, first)));
    assertThat(read.storage("first.weight", DType.FLOAT32).floatAt(0)).isEqualTo(first);
  }
}
