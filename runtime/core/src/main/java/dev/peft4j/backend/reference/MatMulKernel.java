package dev.peft4j.backend.reference;

import dev.peft4j.data.Shape;
import dev.peft4j.op.MatMul;

/** Matrix products, one for each position of the broadcast outer dimensions. */
final class MatMulKernel {
  private MatMulKernel() {}

  static void run(MatMul op, Values[] in, Values out) {
    Shape a = in[0].shape();
    Shape b = in[1].shape();
    int m = op.m(a);
    int k = op.k(a);
    int n = op.n(b);
    Shape batch = MatMul.outer(out.shape());
    int[] underA = Values.under(batch, MatMul.outer(a));
    int[] underB = Values.under(batch, MatMul.outer(b));
    // steps between neighbours along the rows, the columns and the inner dimension
    int rowA = op.transposeA() ? 1 : k;
    int innerA = op.transposeA() ? m : 1;
    int innerB = op.transposeB() ? 1 : n;
    int columnB = op.transposeB() ? k : 1;
    for (int p = 0; p < batch.size(); p++) {
      int fromA = underA[p] * m * k;
      int fromB = underB[p] * k * n;
      for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
          double sum = 0;
          for (int l = 0; l < k; l++) {
            float x = in[0].floats()[fromA + i * rowA + l * innerA];
            float y = in[1].floats()[fromB + l * innerB + j * columnB];
            sum += (double) x * y;
          }
          out.floats()[(p * m + i) * n + j] = (float) sum;
        }
      }
    }
  }
}
