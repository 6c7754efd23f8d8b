package dev.peft4j.tuner.glora;

import dev.peft4j.data.DType;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** {@link GLoraTuner} on one layer. */
final class GLoraLayer implements TunerLayer {
  private final Linear layer;
  private final Path a;
  private final Path b;
  private final Path c;
  private final Path d;
  private final Path e;

  /**
   * One of the paths: a product of two matrices, one tensor, or nothing. Of nothing peft keeps a
   * zero that is not trained.
   */
  private record Path(
      String name,
      @Nullable Parameter down,
      @Nullable Parameter up,
      @Nullable Parameter whole,
      @Nullable Buffer zeros) {
    /**
     * Makes a path.
     *
     * @param sizes of what it stands for: (rows, columns), or (n) of a vector
     */
    static Path of(String name, GLoraPath kind, int r, boolean random, Rng rng, int... sizes) {
      return switch (kind) {
        case LORA -> {
          int[] thin = {sizes[0], r};
          yield new Path(
              name,
              random ? Initial.kaimingUniform(rng, thin) : Initial.constant(0, thin),
              Initial.kaimingUniform(rng, r, sizes[1]),
              null,
              null);
        }
        case VECTOR -> {
          int[] column = sizes.length == 1 ? sizes : new int[] {sizes[0], 1};
          yield whole(
              name,
              !random
                  ? Initial.constant(0, column)
                  : sizes.length == 1
                      ? Initial.bias(rng, sizes[0], sizes[0])
                      : Initial.kaimingUniform(rng, column));
        }
        case CONSTANT ->
            whole(name, random ? Initial.normal(rng, 0.02f, 1) : Initial.constant(0, 1));
        case NONE -> {
          Shape shape = Shape.of(sizes);
          yield new Path(
              name,
              null,
              null,
              null,
              new Buffer(Storage.allocate(DType.FLOAT32, shape.elements()), shape));
        }
      };
    }

    private static Path whole(String name, Parameter p) {
      return new Path(name, null, null, p, null);
    }

    @Nullable Tensor value() {
      return down != null && up != null ? down.matmul(up) : whole;
    }

    void list(List<Entry> all) {
      if (down != null && up != null) {
        all.add(new Entry("glora_" + name, "Xd", down));
        all.add(new Entry("glora_" + name, "Xu", up));
      } else if (whole != null) {
        all.add(new Entry("glora_" + name, "X", whole));
      }
    }
  }

  GLoraLayer(Linear layer, GLoraConfig config, Rng rng) {
    this.layer = layer;
    int in = layer.inFeatures();
    int out = layer.outFeatures();
    int r = config.r();
    boolean random = !config.initWeights();
    boolean hasBias = layer.bias() != null;
    GLoraPath ofC = hasBias ? config.c() : GLoraPath.NONE;
    GLoraPath ofVectors = hasBias ? config.de() : GLoraPath.NONE;
    this.a = Path.of("A", config.ab(), r, random, rng, out, in);
    this.b = Path.of("B", config.ab(), r, random, rng, out, in);
    this.c = Path.of("C", ofC, r, random, rng, in, 1);
    this.d = Path.of("D", ofVectors, r, random, rng, out);
    this.e = Path.of("E", ofVectors, r, random, rng, out);
  }

  /** ΔW, or null if it is zero. */
  private @Nullable Tensor delta() {
    Tensor scale = a.value();
    Tensor shift = b.value();
    Tensor delta = scale == null ? null : layer.weight().mul(scale);
    return delta == null || shift == null ? delta : delta.add(shift);
  }

  /** What the bias gets, or null if it is zero. */
  private @Nullable Tensor deltaOfBias() {
    Parameter bias = layer.bias();
    if (bias == null) {
      return null;
    }
    Tensor scale = d.value();
    Tensor shift = e.value();
    Tensor column = c.value();
    Tensor delta = scale == null ? null : bias.mul(scale);
    if (shift != null) {
      delta = delta == null ? shift : delta.add(shift);
    }
    if (column != null) {
      Tensor through = layer.weight().matmul(column).reshape(-1);
      delta = delta == null ? through : delta.add(through);
    }
    return delta;
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    Tensor y = base.apply(x);
    Tensor ofBias = deltaOfBias();
    Tensor scale = a.value();
    if (a.whole != null) { // a factor for each output, or one for all
      y = y.add(Weights.product(layer, x).mul(a.whole.reshape(-1)));
    } else if (scale != null) {
      y = y.add(x.linear(layer.weight().mul(scale), null));
    }
    if (b.whole != null) {
      y = y.add(x.sumKeep(-1).mul(b.whole.reshape(-1)));
    } else if (b.down != null && b.up != null) {
      y = y.add(x.linear(b.up, null).linear(b.down, null));
    }
    return ofBias == null ? y : y.add(ofBias);
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    List.of(a, b, c, d, e).forEach(path -> path.list(all));
    return all;
  }

  @Override
  public List<Constant> constants() {
    List<Constant> all = new ArrayList<>();
    for (Path path : List.of(a, b, c, d, e)) {
      if (path.zeros != null) {
        all.add(new Constant("glora_" + path.name, "zeros", path.zeros, false));
      }
    }
    return all;
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    Map<Parameter, Tensor> merged = new LinkedHashMap<>();
    Tensor delta = delta();
    Tensor ofBias = deltaOfBias();
    Parameter bias = layer.bias();
    if (delta != null) {
      merged.put(layer.weight(), layer.weight().add(delta));
    }
    if (bias != null && ofBias != null) {
      merged.put(bias, bias.add(ofBias));
    }
    return merged;
  }
}
