package dev.peft4j.backend.cpu;

import dev.peft4j.backend.cpu.HeadProducts.Kind;
import dev.peft4j.data.Shape;
import dev.peft4j.op.Attention;
import dev.peft4j.op.AttentionGrad;
import java.util.BitSet;

/**
 * Attention without a score matrix in memory: each worker takes some heads of one sequence at a
 * time and a block of its queries, whose scores stay in the cache. The gradient computes the scores
 * again.
 */
final class AttentionKernel extends Kernel {
  /** Queries whose scores are held at once. */
  private static final int QUERIES = 128;

  /** Scores held at once, unless those of one head are more: a part of the second-level cache. */
  private static final int SCORES = 1 << 17;

  /** Empty, and never written to. */
  private static final BitSet NONE = new BitSet(0);

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

  /** True if all queries of all heads of a sequence have the same mask. */
  private final boolean rowMask;

  /** Key heads that are computed together, and how many such chunks a sequence has. */
  private final int chunk;

  private final int chunks;
  private final int parts;
  private final HeadProducts[] products;

  /** Of whole blocks; empty where there is no oneDNN and they go row by row. */
  private final DnnSoftmax[] softmax;

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
    this.rowMask = masked && maskSteps[1] == 0 && maskSteps[2] == 0 && maskSteps[3] != 0;
    int block = Math.min(QUERIES, queries);
    boolean together = op.heads() == op.kvHeads() && OneDnn.available();
    this.chunk = together ? chunk(op.heads(), block * keys) : 1;
    this.chunks = (op.kvHeads() + chunk - 1) / chunk;
    this.parts = parts((long) batch * op.heads() * queries * keys * d / 4, batch * chunks);
    HeadProducts.Layout layout = new HeadProducts.Layout(keys, d, qRow, kRow, op.scale(), rowMask);
    this.products = new HeadProducts[parts];
    this.softmax = new DnnSoftmax[OneDnn.available() ? parts : 0];
    SoftmaxOf rows = new SoftmaxOf(keys);
    for (int p = 0; p < softmax.length; p++) {
      softmax[p] = site.frame().shared(p, rows, () -> new DnnSoftmax(keys));
    }
    for (int p = 0; p < parts; p++) {
      products[p] =
          together
              ? site.frame().shared(p, layout, () -> new DnnHeads(layout))
              : new BlasHeads(layout);
    }
    site.frame().needScratch(4L * chunk * block * keys * (gradient ? 2 : 1));
  }

  /** What kernels share a softmax by. */
  private record SoftmaxOf(int size) {}

  /** As many heads as the cache holds scores of, but work for all threads. */
  private int chunk(int heads, int scores) {
    int forThreads = heads * batch / Workers.shared().size();
    return Math.max(1, Math.min(heads, Math.min(forThreads, SCORES / Math.max(1, scores))));
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

  /** Units are dealt out to whoever is ready; what is computed does not depend on who does it. */
  @Override
  public void run(int part) {
    int units = batch * chunks;
    for (int u = take(); u < units; u = take()) {
      unit(part, u / chunks, u % chunks * chunk);
    }
  }

  /** Some heads of a sequence, from key head {@code kv} on. */
  private void unit(int part, int b, int kv) {
    int group = op.heads() / op.kvHeads();
    int heads = Math.min(chunk, op.kvHeads() - kv);
    for (int h = kv * group; h < (kv + 1) * group; h++) {
      for (int from = 0; from < queries; from += QUERIES) {
        Block block = new Block(part, b, h, kv, heads, from, Math.min(QUERIES, queries - from));
        if (gradient) {
          gradients(block, h > kv * group || from > 0);
        } else {
          values(block);
        }
      }
    }
  }

  /**
   * What is computed at a time: some queries of some heads.
   *
   * @param h the first head
   * @param kv the first key head
   */
  private record Block(int part, int b, int h, int kv, int heads, int from, int count) {}

  private long queryOffset(Block x) {
    return 4L * (((long) x.b * queries + x.from) * qRow + (long) x.h * d);
  }

  private long keyOffset(Block x) {
    return 4L * ((long) x.b * keys * kRow + (long) x.kv * d);
  }

  private void multiply(Kind kind, Block x, boolean add, long left, long right, long result) {
    products[x.part].run(kind, x.heads, x.count, add, left, right, 0, result);
  }

  /** The probabilities of a block, row by row into {@code scores}. */
  private void probabilities(Block x, long scores) {
    long mask = rowMask ? in(3) + 4L * x.b * maskSteps[0] : 0;
    long q = in(0) + queryOffset(x);
    long k = in(1) + keyOffset(x);
    products[x.part].run(Kind.SCORES, x.heads, x.count, false, q, k, mask, scores);
    int rows = x.heads * x.count;
    boolean byRow = softmax.length == 0;
    if (op.causal() || masked && !rowMask) {
      for (int r = 0; r < rows; r++) {
        hide(x, r, scores + 4L * r * keys);
      }
    }
    BitSet blind = blind(scores, rows);
    for (int r = 0; byRow && r < rows; r++) {
      int visible = visible(x, r);
      long row = scores + 4L * r * keys;
      loops.softmaxRow(row, row, visible);
      loops.fill(0, row + 4L * visible, keys - visible);
    }
    if (!byRow) {
      softmax[x.part].forward(rows, scores);
    }
    for (int r = blind.nextSetBit(0); r >= 0; r = blind.nextSetBit(r + 1)) {
      loops.fill(0, scores + 4L * r * keys, keys);
    }
  }

  /** Adds what hides keys to the scores of a query. */
  private void hide(Block x, int r, long row) {
    int query = x.from + r % x.count;
    if (masked && !rowMask) {
      addMask(row, x.b, x.h + r / x.count, query);
    }
    int visible = visible(x, r);
    loops.fill(Float.NEGATIVE_INFINITY, row + 4L * visible, keys - visible);
  }

  /** How many keys, from the first on, the mask of a causal attention shows to a row's query. */
  private int visible(Block x, int r) {
    int query = x.from + r % x.count;
    return op.causal() ? Math.max(0, Math.min(keys, query + 1 + keys - queries)) : keys;
  }

  /** The rows that see no key: all their scores are minus infinity, their probabilities 0. */
  private BitSet blind(long scores, int rows) {
    BitSet found = NONE;
    for (int r = 0; r < rows; r++) {
      long row = scores + 4L * r * keys;
      // one look for nearly every row
      int k = 0;
      while (k < keys && Memory.get(row + 4L * k) == Float.NEGATIVE_INFINITY) {
        k++;
      }
      if (k == keys) {
        found = found == NONE ? new BitSet(rows) : found;
        found.set(r);
      }
    }
    return found;
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

  private void values(Block x) {
    long scores = scratch(x.part);
    probabilities(x, scores);
    multiply(Kind.VALUES, x, false, scores, in(2) + keyOffset(x), out() + queryOffset(x));
  }

  /** The gradients of keys and values are added to those of other queries, if there were any. */
  private void gradients(Block x, boolean add) {
    long p = scratch(x.part);
    long dP = p + 4L * chunk * Math.min(QUERIES, queries) * keys;
    long qAt = queryOffset(x);
    long kAt = keyOffset(x);
    long dO = in(masked ? 4 : 3) + qAt;
    long dQ = out() + qAt;
    long dK = out() + 4L * batch * queries * qRow + kAt;
    long dV = dK + 4L * batch * keys * kRow;
    probabilities(x, p);
    multiply(Kind.VALUE_GRADIENT, x, add, p, dO, dV);
    multiply(Kind.SCORE_GRADIENT, x, false, dO, in(2) + kAt, dP);
    softmaxGradient(x, p, dP);
    multiply(Kind.QUERY_GRADIENT, x, false, dP, in(1) + kAt, dQ);
    multiply(Kind.KEY_GRADIENT, x, add, dP, in(0) + qAt, dK);
  }

  private void softmaxGradient(Block x, long p, long dP) {
    int rows = x.heads * x.count;
    if (softmax.length > 0) {
      softmax[x.part].gradient(rows, p, dP);
      return;
    }
    for (int r = 0; r < rows; r++) {
      long row = 4L * r * keys;
      loops.softmaxGradRow(p + row, dP + row, dP + row, keys);
    }
  }
}
