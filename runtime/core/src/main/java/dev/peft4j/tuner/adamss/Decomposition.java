package dev.peft4j.tuner.adamss;

import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.linalg.LowRankSvd;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.Weights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The clusters of a weight's rows, by its leading left singular vectors.
 *
 * @param rank the number of singular vectors
 * @param columns the number of inputs, and one more if the layer has a bias
 * @param right the leading right singular vectors (rank, columns)
 * @param clusters in the order of their labels
 */
record Decomposition(int rank, int columns, float[] right, List<Cluster> clusters) {
  private static final int ITERATIONS = 2;

  /**
   * One cluster.
   *
   * @param rows of the weight
   * @param a (rank, number of singular vectors), orthonormal rows
   */
  record Cluster(int[] rows, int rank, float[] a) {}

  static Decomposition of(Linear layer, AdamssConfig c) {
    int out = layer.outFeatures();
    float[] matrix = withBias(layer);
    int columns = matrix.length / out;
    int q = Math.min(c.r(), Math.min(out, columns));
    TorchGenerator generator = new TorchGenerator(c.seed());
    LinearAlgebra.Svd svd =
        LowRankSvd.of(matrix, out, columns, q, ITERATIONS, n -> generator.normal(n, 0, 1));
    int count = Math.min(c.subspaces(), out);
    int[] labels = KMeans.labels(svd.u(), out, q, count);
    List<Cluster> clusters = new ArrayList<>();
    for (int label = 0; label < count; label++) {
      clusters.add(cluster(svd.u(), q, rowsOf(labels, label), c));
    }
    return new Decomposition(q, columns, svd.vt(), clusters);
  }

  private static float[] withBias(Linear layer) {
    Tensor weight = layer.weight().ownTensor();
    Parameter bias = layer.bias();
    return bias == null
        ? weight.toFloats()
        : Tensor.concat(1, weight, bias.ownTensor().reshape(-1, 1)).toFloats();
  }

  private static int[] rowsOf(int[] labels, int label) {
    return IntStream.range(0, labels.length).filter(i -> labels[i] == label).toArray();
  }

  /**
   * Starts the matrix A of a cluster: an orthonormal basis of what its leading directions among the
   * rows are made of.
   */
  private static Cluster cluster(float[] u, int q, int[] rows, AdamssConfig c) {
    int n = rows.length;
    float[] part = new float[n * q];
    for (int i = 0; i < n; i++) {
      System.arraycopy(u, rows[i] * q, part, i * q, q);
    }
    LinearAlgebra algebra = LinearAlgebra.available();
    Tensor block = Tensor.of(part, n, q);
    LinearAlgebra.Svd gram = algebra.svd(block.matmul(block.transpose(0, 1)).toFloats(), n, n);
    int r = Math.max(1, Math.min(n, c.subspaceRank()));
    if (c.dynamicRank()) {
      int large = 0;
      for (float s : gram.s()) {
        large += s > (float) c.svdThreshold() * gram.s()[0] ? 1 : 0;
      }
      r = Math.max(1, Math.min(large, r));
    }
    Tensor leading = Tensor.of(Weights.firstColumns(gram.u(), n, r), n, r);
    float[] made = block.transpose(0, 1).matmul(leading).toFloats();
    float[] basis = algebra.qr(made, q, r).q();
    int rank = Math.min(q, r);
    return new Cluster(rows, rank, LinearAlgebra.transposed(basis, q, rank));
  }

  /** Returns the numbers of rows of the clusters. */
  int[] sizes() {
    return clusters.stream().mapToInt(c -> c.rows().length).toArray();
  }

  /** Returns where each row of the weight is among the rows of the clusters in their order. */
  Tensor places() {
    int all = Arrays.stream(sizes()).sum();
    long[] places = new long[all];
    int at = 0;
    for (Cluster c : clusters) {
      for (int row : c.rows()) {
        places[row] = at++;
      }
    }
    return Tensor.of(places, all);
  }
}
