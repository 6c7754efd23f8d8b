package dev.peft4j.tuner.unilora;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.random.NumpyGenerator;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.Weights;
import java.util.Arrays;

/**
 * Which number of θ each place of all layers' matrices takes: every one as often as the others, or
 * once more. All layers share it.
 */
final class Deal {
  private final TunerContext context;
  private final int r;
  private final long[] all;
  private final long[] uses;

  private Deal(TunerContext context, int r, long[] all, int length) {
    this.context = context;
    this.r = r;
    this.all = all;
    this.uses = new long[length];
    for (long i : all) {
      uses[(int) i]++;
    }
  }

  static Deal of(TunerContext context, int r, int length, int seed) {
    long places = 0;
    for (NamedModule m : context.layers()) {
      places += places(m.module(), r);
    }
    int total = Math.toIntExact(places);
    Buffer dealt =
        context.sharedBuffer(
            "unilora_deal",
            () -> new Buffer(Storage.of(dealt(total, length, seed)), Shape.of(total)));
    return new Deal(context, r, dealt.own().toLongs(), length);
  }

  private static long[] dealt(int total, int length, int seed) {
    NumpyGenerator generator = new NumpyGenerator(seed);
    int rounds = total / length;
    int[] dealt = new int[total];
    for (int i = 0; i < rounds * length; i++) {
      dealt[i] = i / rounds;
    }
    int rest = total % length;
    if (rest > 0) {
      System.arraycopy(generator.choice(length, rest), 0, dealt, total - rest, rest);
    }
    generator.shuffle(dealt);
    return Arrays.stream(dealt).asLongStream().toArray();
  }

  private static int places(Module module, int r) {
    WeightedLayer layer = Weights.linear(module);
    return layer == null ? 0 : r * (Weights.inputs(layer) + Weights.outputs(layer));
  }

  /** Returns the numbers of a layer's places: those of A, then those of B, row by row. */
  long[] of(WeightedLayer layer) {
    int at = 0;
    for (NamedModule m : context.layers()) {
      int n = places(m.module(), r);
      if (m.module() == layer) {
        return Arrays.copyOfRange(all, at, at + n);
      }
      at += n;
    }
    throw new IllegalStateException("the layer is not one of the adapter's");
  }

  /** Returns one over the root of how many places take the same number. */
  Buffer scales(long[] indices, int from, int rows, int columns) {
    float[] scales = new float[rows * columns];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = (float) (1 / Math.sqrt(uses[(int) indices[from + i]]));
    }
    return new Buffer(scales, rows, columns);
  }
}
