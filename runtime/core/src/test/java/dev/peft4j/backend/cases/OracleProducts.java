package dev.peft4j.backend.cases;

import dev.peft4j.data.Shape;
import dev.peft4j.op.Attention;
import dev.peft4j.op.MatMul;
import dev.peft4j.op.Rotary;
import dev.peft4j.op.Window;
import java.util.Arrays;

/** Products, attention and patches in double precision. */
final class OracleProducts {
  private OracleProducts() {}

  static void matmul(MatMul op, double[][] x, Shape[] s, double[] y, Shape out) {
    double[] a = op.transposeA() ? transposed(x[0], s[0]) : x[0];
    double[] b = op.transposeB() ? transposed(x[1], s[1]) : x[1];
    int m = out.dim(-2);
    int n = out.dim(-1);
    int k = op.transposeA() ? s[0].dim(-2) : s[0].dim(-1);
    int[] count = {0};
    Indices.each(
        MatMul.outer(out),
        i -> {
          int fromA = Indices.flat(MatMul.outer(s[0]), i) * m * k;
          int fromB = Indices.flat(MatMul.outer(s[1]), i) * k * n;
          int to = count[0]++ * m * n;
          for (int row = 0; row < m; row++) {
            for (int inner = 0; inner < k; inner++) {
              double factor = a[fromA + row * k + inner];
              for (int column = 0; column < n; column++) {
                y[to + row * n + column] += factor * b[fromB + inner * n + column];
              }
            }
          }
        });
  }

  private static double[] transposed(double[] x, Shape s) {
    int r = s.dim(-2);
    int c = s.dim(-1);
    double[] t = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      int row = i / c % r;
      t[i / (r * c) * r * c + i % c * r + row] = x[i];
    }
    return t;
  }

  static void linear(double[][] x, Shape[] s, double[] y) {
    int in = s[1].dim(1);
    int out = s[1].dim(0);
    for (int i = 0; i < y.length; i++) {
      int row = i / out;
      int column = i % out;
      double sum = x.length > 2 ? x[2][column] : 0;
      for (int k = 0; k < in; k++) {
        sum += x[0][row * in + k] * x[1][column * in + k];
      }
      y[i] = sum;
    }
  }

  static void attention(Attention op, double[][] x, Shape[] s, double[] y, Shape shape) {
    int queries = shape.dim(1);
    int keys = s[1].dim(1);
    int d = shape.dim(2) / op.heads();
    int width = shape.dim(2);
    int kvWidth = s[1].dim(2);
    for (int b = 0; b < shape.dim(0); b++) {
      for (int h = 0; h < op.heads(); h++) {
        int kvHead = h / (op.heads() / op.kvHeads());
        for (int i = 0; i < queries; i++) {
          double[] scores = new double[keys];
          for (int j = 0; j < keys; j++) {
            for (int e = 0; e < d; e++) {
              double q = x[0][(b * queries + i) * width + h * d + e];
              scores[j] += q * x[1][(b * keys + j) * kvWidth + kvHead * d + e];
            }
            scores[j] *= op.scale();
            if (op.softcap() > 0) {
              scores[j] = op.softcap() * Math.tanh(scores[j] / op.softcap());
            }
            if (op.masked(x.length)) {
              scores[j] += x[3][Indices.flat(s[3], new int[] {b, h, i, j})];
            }
            if (!sees(op, x, s, b, i, j)) {
              scores[j] = Double.NEGATIVE_INFINITY;
            }
          }
          boolean blind = Arrays.stream(scores).allMatch(v -> v == Double.NEGATIVE_INFINITY);
          double[] p = blind ? new double[keys] : OracleRows.softmax(scores);
          for (int j = 0; j < keys; j++) {
            for (int e = 0; e < d; e++) {
              y[(b * queries + i) * width + h * d + e] +=
                  p[j] * x[2][(b * keys + j) * kvWidth + kvHead * d + e];
            }
          }
        }
      }
    }
  }

  private static boolean sees(Attention op, double[][] x, Shape[] s, int b, int i, int j) {
    int last = x.length - 1;
    boolean each = op.ranged() && s[last].rank() == 3;
    boolean start = op.ranged() && !each;
    int row = op.ranged() && s[last].dim(0) > 1 ? b : 0;
    int queries = s[0].dim(1);
    int place = start ? (int) x[last][row] + i : s[1].dim(1) - queries + i;
    if (start && j >= x[last][row] + queries) {
      return false;
    }
    if (each) {
      int at = (row * queries + i) * 2;
      if (j < x[last][at] || j >= x[last][at + 1]) {
        return false;
      }
    }
    return !(op.causal() && j > place) && !(op.window() > 0 && Math.abs(place - j) >= op.window());
  }

  /** Rotates pair by pair: the columns of the table are cosines, then sines. */
  static void rotary(Rotary op, double[][] x, Shape[] s, double[] y) {
    int d = s[0].dim(2) / op.heads();
    int r = s[1].dim(2);
    for (int i = 0; i < y.length; i++) {
      int token = i / s[0].dim(2) % s[0].dim(1);
      int batch = s[1].dim(0) == 1 ? 0 : i / s[0].dim(2) / s[0].dim(1);
      int k = i % d;
      if (k >= r) {
        y[i] = x[0][i];
        continue;
      }
      int pair = op.interleaved() ? k / 2 : k % (r / 2);
      boolean first = op.interleaved() ? k % 2 == 0 : k < r / 2;
      int other = op.interleaved() ? 1 : r / 2;
      double cos = x[1][(batch * s[0].dim(1) + token) * r + pair];
      double sin = x[1][(batch * s[0].dim(1) + token) * r + r / 2 + pair];
      sin = op.inverse() ? -sin : sin;
      y[i] = first ? x[0][i] * cos - x[0][i + other] * sin : x[0][i] * cos + x[0][i - other] * sin;
    }
  }

  static void unfold(Window w, double[] image, Shape s, double[] patches) {
    patches(w, s, (pixel, patch) -> patches[patch] = image[pixel]);
  }

  static void fold(Window w, double[] patches, Shape s, double[] image) {
    patches(w, s, (pixel, patch) -> image[pixel] += patches[patch]);
  }

  private interface Pair {
    void visit(int pixel, int patch);
  }

  /**
   * For each element of the patches the pixel that it shows, from its index (batch, channel, kh,
   * kw, y, x).
   */
  private static void patches(Window w, Shape s, Pair pair) {
    int height = s.dim(2);
    int width = s.dim(3);
    Shape all =
        Shape.of(s.dim(0), s.dim(1), w.kernelH(), w.kernelW(), w.outH(height), w.outW(width));
    Indices.each(
        all,
        i -> {
          int y = i[4] * w.strideH() + i[2] * w.dilationH() - w.padH();
          int x = i[5] * w.strideW() + i[3] * w.dilationW() - w.padW();
          if (y >= 0 && x >= 0 && y < height && x < width) {
            pair.visit(Indices.flat(s, new int[] {i[0], i[1], y, x}), Indices.flat(all, i));
          }
        });
  }
}
