package dev.peft4j.tuner.frod;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** The bases of all kinds of layers of one adapter, and the places of their sparse matrices. */
final class Bases {
  private final Map<String, Basis> byCategory = new LinkedHashMap<>();

  private Bases() {}

  /**
   * What the layers of one kind share.
   *
   * @param v the basis (in, in)
   * @param indices rows and columns of the sparse matrix's places, int64 (2, n)
   * @param size its sizes, int64 (2)
   */
  record Basis(Buffer v, Buffer indices, Buffer size) {}

  Basis of(String category) {
    return Objects.requireNonNull(byCategory.get(category), category);
  }

  /** Returns the kind of a layer: the last two parts of its path, without numbers. */
  static String category(String path) {
    String[] parts = path.split("\\.", -1);
    int last = parts.length - 1;
    if (last == 0 || isNumber(parts[last - 1])) {
      return parts[last];
    }
    String name = parts[last - 1] + "_" + parts[last];
    return name.equals("output_dense") && last > 1 && parts[last - 2].equals("attention")
        ? "attention_output"
        : name;
  }

  private static boolean isNumber(String part) {
    return !part.isEmpty() && part.chars().allMatch(Character::isDigit);
  }

  /** Returns a layer's index in its model, or its place among the targets if its path has none. */
  private static int index(String path, int place) {
    List<String> parts = List.of(path.split("\\.", -1));
    int layers = parts.indexOf("layers");
    if (layers >= 0 && layers + 1 < parts.size() && isNumber(parts.get(layers + 1))) {
      return Integer.parseInt(parts.get(layers + 1));
    }
    return parts.stream().filter(Bases::isNumber).findFirst().map(Integer::parseInt).orElse(place);
  }

  static Bases of(TunerContext context, FrodConfig c) {
    Map<String, TreeMap<Integer, WeightedLayer>> kinds = new TreeMap<>();
    int place = 0;
    for (NamedModule m : context.layers()) {
      WeightedLayer layer = Weights.linear(m.module());
      if (layer != null) {
        kinds
            .computeIfAbsent(category(m.name()), k -> new TreeMap<>())
            .put(index(m.name(), place), layer);
        place++;
      }
    }
    Bases bases = new Bases();
    TorchGenerator generator = new TorchGenerator(c.projectionSeed());
    kinds.forEach(
        (category, layers) ->
            bases.byCategory.put(
                category, basis(category, List.copyOf(layers.values()), c, generator)));
    return bases;
  }

  private static Basis basis(
      String category, List<WeightedLayer> layers, FrodConfig c, TorchGenerator generator) {
    int in = Weights.inputs(layers.getFirst());
    for (WeightedLayer layer : layers) {
      if (Weights.inputs(layer) != in) {
        throw new IllegalArgumentException(
            "layers of the kind '"
                + category
                + "' have "
                + in
                + " and "
                + Weights.inputs(layer)
                + " inputs; layers of one kind share a basis, so they must have the same");
      }
    }
    Buffer v = new Buffer(vectors(layers, in, c.regularization()), in, in);
    long[] indices = places(in, c.sparseRate(), generator);
    return new Basis(
        v,
        new Buffer(Storage.of(indices), Shape.of(2, indices.length / 2)),
        new Buffer(Storage.of(new long[] {in, in}), Shape.of(2)));
  }

  /** Places off the diagonal, in the order that torch's permutation gives. */
  private static long[] places(int in, double rate, TorchGenerator generator) {
    int all = in * in - in;
    int n = Math.min((int) ((double) in * in * rate), all);
    if (rate > 0 && all > 0) {
      n = Math.max(1, n);
    }
    if (n == 0) {
      return new long[0];
    }
    int[] chosen = generator.permutation(all); // of which the next kind's draws go on
    long[] places = new long[2 * n];
    for (int i = 0; i < n; i++) {
      int row = chosen[i] / (in - 1);
      int column = chosen[i] % (in - 1);
      places[i] = row;
      places[n + i] = column < row ? column : column + 1;
    }
    return places;
  }

  private static float[] vectors(List<WeightedLayer> layers, int in, double regularization) {
    LinearAlgebra algebra = LinearAlgebra.available();
    List<Tensor> matrices = new ArrayList<>();
    int rows = 0;
    for (WeightedLayer layer : layers) {
      int out = Weights.outputs(layer);
      matrices.add(Tensor.of(Weights.numbers(layer), out, in));
      rows += out;
    }
    Tensor stacked = Tensor.concat(0, matrices.toArray(new Tensor[0]));
    if (rows < in) { // rows of zeros make the right vectors complete
      float[] square = Tensor.concat(0, stacked, Tensor.zeros(in - rows, in)).toFloats();
      return LinearAlgebra.transposed(algebra.svd(square, in, in).vt(), in, in);
    }
    LinearAlgebra.Qr qr = algebra.qr(stacked.toFloats(), rows, in);
    Tensor q = Tensor.of(qr.q(), rows, in);
    Tensor mean = Tensor.zeros(in, in);
    int at = 0;
    for (Tensor matrix : matrices) {
      Tensor part = q.slice(0, at, at + matrix.dim(0));
      at += matrix.dim(0);
      Tensor term =
          part.transpose(0, 1).matmul(part).add(Tensor.eye(in).mul((float) regularization));
      mean = mean.add(inverse(algebra, term, in));
    }
    float[] t = mean.div(layers.size()).toFloats();
    // the matrix is positive: its left singular vectors are its eigenvectors, the largest first
    float[] eigenvectors = reversed(algebra.svd(t, in, in).u(), in);
    return Tensor.of(qr.r(), in, in)
        .transpose(0, 1)
        .matmul(Tensor.of(eigenvectors, in, in))
        .toFloats();
  }

  private static Tensor inverse(LinearAlgebra algebra, Tensor matrix, int n) {
    LinearAlgebra.Svd svd = algebra.svd(matrix.toFloats(), n, n);
    Tensor u = Tensor.of(svd.u(), n, n);
    return Tensor.of(svd.vt(), n, n)
        .transpose(0, 1)
        .div(Tensor.of(svd.s(), n))
        .matmul(u.transpose(0, 1));
  }

  private static float[] reversed(float[] columns, int n) {
    float[] turned = new float[columns.length];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        turned[i * n + j] = columns[i * n + n - 1 - j];
      }
    }
    return turned;
  }
}
