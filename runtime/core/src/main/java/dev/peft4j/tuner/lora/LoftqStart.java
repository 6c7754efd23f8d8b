package dev.peft4j.tuner.lora;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Storage;
import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.Weights;
import java.util.function.Function;

/** LoftQ: the part of a weight that its codes have lost; see {@link LoraData#loftq}. */
final class LoftqStart {
  private LoftqStart() {}

  /** Quantizes the weights in turns with finding the products. */
  static void begin(StartLayers all, LoraConfig config, Encoding encoding, int iterations) {
    if (iterations < 1) {
      throw new IllegalArgumentException(
          "LoftQ: the number of iterations is " + iterations + ", must be at least 1");
    }
    all.all()
        .forEach(
            (path, layer) -> {
              float[] weight = Weights.numbers(layer);
              float[] rest = weight;
              Encoding coded = encoding.forShape(layer.weight().shape());
              for (int i = 0; i < iterations; i++) {
                Storage codes = Storage.of(asStored(layer, rest)).copyAs(coded);
                float[] held = asMatrix(layer, codes.toFloats());
                Product product = product(path, layer, config, difference(weight, held));
                if (i + 1 == iterations) {
                  all.set(path, product.a, product.b);
                  layer.weight().set(Storage.of(asStored(layer, held)));
                  layer.weight().to(coded); // the same numbers: each is one of the codes'
                } else {
                  rest = difference(weight, product.whole(layer, (float) config.scaleOf(path)));
                }
              }
            });
  }

  /** Finds the products for weights that are in codes. */
  static void toCodes(StartLayers all, LoraConfig config, Function<String, float[]> original) {
    all.all()
        .forEach(
            (path, layer) -> {
              float[] held = Weights.numbers(layer);
              float[] weight = original.apply(path);
              if (weight.length != held.length) {
                throw new IllegalArgumentException(
                    "LoftQ: the weight of '"
                        + path
                        + "' has "
                        + held.length
                        + " numbers, was given "
                        + weight.length);
              }
              Product product = product(path, layer, config, difference(weight, held));
              all.set(path, product.a, product.b);
            });
  }

  /**
   * A product of a rank.
   *
   * @param a (r, in)
   * @param b (out, r)
   */
  private record Product(float[] a, float[] b, int r) {
    /** Returns scale · B · A. */
    float[] whole(WeightedLayer layer, float scale) {
      int in = Weights.inputs(layer);
      int out = Weights.outputs(layer);
      float[] all = dev.peft4j.linalg.LowRankSvd.product(b, a, out, r, in);
      for (int i = 0; i < all.length; i++) {
        all[i] *= scale;
      }
      return all;
    }
  }

  /** The best product s·B·A of its rank, its singular values shared between A and B. */
  private static Product product(
      String path, WeightedLayer layer, LoraConfig config, float[] lost) {
    int in = Weights.inputs(layer);
    int out = Weights.outputs(layer);
    int k = Math.min(in, out);
    int r = config.rankOf(path);
    if (r > k) {
      throw new IllegalArgumentException(
          "LoftQ needs a rank of at most " + k + " for '" + path + "', got " + r);
    }
    LinearAlgebra.Svd svd = LinearAlgebra.available().svd(lost, out, in);
    double scale = config.scaleOf(path);
    float[] a = new float[r * in];
    float[] b = new float[out * r];
    for (int n = 0; n < r; n++) {
      float root = (float) Math.sqrt(svd.s()[n] / scale);
      for (int j = 0; j < in; j++) {
        a[n * in + j] = root * svd.vt()[n * in + j];
      }
      for (int i = 0; i < out; i++) {
        b[i * r + n] = root * svd.u()[i * k + n];
      }
    }
    return new Product(a, b, r);
  }

  private static float[] difference(float[] x, float[] y) {
    float[] d = new float[x.length];
    for (int i = 0; i < d.length; i++) {
      d[i] = x[i] - y[i];
    }
    return d;
  }

  private static float[] asStored(WeightedLayer layer, float[] matrix) {
    return layer instanceof TransposedLinear
        ? LinearAlgebra.transposed(matrix, Weights.outputs(layer), Weights.inputs(layer))
        : matrix;
  }

  private static float[] asMatrix(WeightedLayer layer, float[] stored) {
    return layer instanceof TransposedLinear
        ? LinearAlgebra.transposed(stored, Weights.inputs(layer), Weights.outputs(layer))
        : stored;
  }
}
