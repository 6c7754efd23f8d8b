package dev.peft4j.backend.cpu;

import dev.peft4j.data.Shape;
import dev.peft4j.op.Attention;
import dev.peft4j.op.AttentionGrad;

/**
 * Attention without a score matrix in memory: each worker takes one head of one sequence at a time
 * and a block of its queries, whose scores stay in the cache. The gradient computes the scores
 * again.
 */
final class AttentionKernel extends Kernel {
  /** Queries whose scores are held at once. */
  private static final int QUERIES = 128;

  private final Loops loops = Loops.best();
  private final Attention op;
  private final boolean gradient;
  private final boolean masked;
  private final int batch;
  private final int queries;
  private final int keys;
  private final int d;
  private final int qRow;
  private final int kRow;
  private final int[] maskSteps;
  private final int parts;

  private AttentionKernel(Site site, Attention op, boolean gradient) {
    super(site);
    this.op = op;
    this.gradient = gradient;
    Shape q = site.in(0);
    Shape k = site.in(1);
    this.batch = q.dim(0);
    this.queries = q.dim(1);
    this.keys = k.dim(1);
    this.qRow = q.dim(2);
    this.kRow = k.dim(2);
    this.d = qRow / op.heads();
    this.masked = site.step().inputs().length == (gradient ? 5 : 4);
    this.maskSteps = masked ? steps(site.in(3)) : new int[4];
    this.parts = parts((long) batch * op.heads() * queries * keys * d / 4, batch * op.kvHeads());
    site.frame().needScratch(4L * Math.min(QUERIES, queries) * keys * (gradient ? 2 : 1));
  }

  static Kernel forward(Site site) {
    return new AttentionKernel(site, (Attention) site.step().op(), false);
  }

  static Kernel gradient(Site site) {
    return new AttentionKernel(site, ((AttentionGrad) site.step().op()).forward(), true);
  }

  /** Elements that the mask goes on by with batch, head, query and key; 0 where it is repeated. */
  private static int[] steps(Shape mask) {
    int[] own = mask.strides();
    int[] steps = new int[4];
    for (int i = 1; i <= mask.rank(); i++) {
      steps[4 - i] = mask.dim(-i) == 1 ? 0 : own[own.length - i];
    }
    return steps;
  }

  @Override
  void run() {
    share(parts);
  }

  @Override
  public void run(int part) {
    int pairs = batch * op.kvHeads();
    int group = op.heads() / op.kvHeads();
    for (int pair = start(pairs, part, parts); pair < start(pairs, part + 1, parts); pair++) {
      int b = pair / op.kvHeads();
      int kv = pair % op.kvHeads();
      for (int h = kv * group; h < (kv + 1) * group; h++) {
        for (int from = 0; from < queries; from += QUERIES) {
          int count = Math.min(QUERIES, queries - from);
          if (gradient) {
            gradients(b, h, kv, from, count, scratch(part), h == kv * group && from == 0);
          } else {
            values(b, h, kv, from, count, scratch(part));
          }
        }
      }
    }
  }

  private long queryOffset(int b, int h, int from) {
    return 4L * (((long) b * queries + from) * qRow + (long) h * d);
  }

  private long keyOffset(int b, int kv) {
    return 4L * ((long) b * keys * kRow + (long) kv * d);
  }

  /** The probabilities of {@code count} queries, row by row into {@code scores}. */
  private void probabilities(int b, int h, int kv, int from, int count, long scores) {
    long q = in(0) + queryOffset(b, h, from);
    long k = in(1) + keyOffset(b, kv);
    Blas.gemm(false, true, count, keys, d, op.scale(), q, qRow, k, kRow, 0, scores, keys);
    for (int i = 0; i < count; i++) {
      long row = scores + 4L * i * keys;
      if (masked) {
        addMask(row, b, h, from + i);
      }
      int visible = op.causal() ? Math.max(0, Math.min(keys, from + i + 1 + keys - queries)) : keys;
      if (visible < keys) {
        loops.fill(visible == 0 ? Float.NaN : 0, row + 4L * visible, keys - visible);
      }
      if (visible > 0) {
        loops.softmaxRow(row, row, visible);
      }
    }
  }

  private void addMask(long row, int b, int h, int query) {
    long at =
        in(3)
            + 4L
                * ((long) b * maskSteps[0] + (long) h * maskSteps[1] + (long) query * maskSteps[2]);
    if (maskSteps[3] == 0) {
      loops.binaryConst(Loops.ADD, row, Memory.get(at), row, keys);
    } else {
      loops.binary(Loops.ADD, row, at, row, keys);
    }
  }

  private void values(int b, int h, int kv, int from, int count, long scores) {
    probabilities(b, h, kv, from, count, scores);
    long v = in(2) + keyOffset(b, kv);
    Blas.gemm(
        false,
        false,
        count,
        d,
        keys,
        1,
        scores,
        keys,
        v,
        kRow,
        0,
        out() + queryOffset(b, h, from),
        qRow);
  }

  private void gradients(int b, int h, int kv, int from, int count, long p, boolean first) {
    long dP = p + 4L * Math.min(QUERIES, queries) * keys;
    float beta = first ? 0 : 1;
    long qAt = queryOffset(b, h, from);
    long kAt = keyOffset(b, kv);
    long dO = in(masked ? 4 : 3) + qAt;
    long dQ = out() + qAt;
    long dK = out() + 4L * batch * queries * qRow + kAt;
    long dV = dK + 4L * batch * keys * kRow;
    probabilities(b, h, kv, from, count, p);
    Blas.gemm(true, false, keys, d, count, 1, p, keys, dO, qRow, beta, dV, kRow);
    Blas.gemm(false, true, count, keys, d, 1, dO, qRow, in(2) + kAt, kRow, 0, dP, keys);
    for (int i = 0; i < count; i++) {
      loops.softmaxGradRow(p + 4L * i * keys, dP + 4L * i * keys, dP + 4L * i * keys, keys);
    }
    Blas.gemm(false, false, count, d, keys, op.scale(), dP, keys, in(1) + kAt, kRow, 0, dQ, qRow);
    Blas.gemm(true, false, keys, d, count, op.scale(), dP, keys, in(0) + qAt, qRow, beta, dK, kRow);
  }
}
