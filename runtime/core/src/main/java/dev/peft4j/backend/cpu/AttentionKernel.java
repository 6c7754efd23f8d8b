package dev.peft4j.backend.cpu;

import dev.peft4j.backend.cpu.HeadProducts.Kind;
import dev.peft4j.data.Shape;
import dev.peft4j.op.Attention;
import dev.peft4j.op.AttentionGrad;

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

  /** Key heads that are computed together, and how many such chunks a sequence has. */
  private final int chunk;

  private final int chunks;
  private final int parts;
  private final HeadProducts[] products;

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
    int block = Math.min(QUERIES, queries);
    boolean together = op.heads() == op.kvHeads() && OneDnn.available();
    this.chunk = together ? chunk(op.heads(), block * keys) : 1;
    this.chunks = (op.kvHeads() + chunk - 1) / chunk;
    this.parts = parts((long) batch * op.heads() * queries * keys * d / 4, batch * chunks);
    HeadProducts.Layout layout = new HeadProducts.Layout(keys, d, qRow, kRow, op.scale());
    this.products = new HeadProducts[parts];
    for (int p = 0; p < parts; p++) {
      products[p] =
          together
              ? site.frame().shared(p, layout, () -> new DnnHeads(layout))
              : new BlasHeads(layout);
    }
    site.frame().needScratch(4L * chunk * block * keys * (gradient ? 2 : 1));
  }

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

  @Override
  public void run(int part) {
    int units = batch * chunks;
    int group = op.heads() / op.kvHeads();
    for (int unit = start(units, part, parts); unit < start(units, part + 1, parts); unit++) {
      int b = unit / chunks;
      int kv = unit % chunks * chunk;
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
    products[x.part].run(kind, x.heads, x.count, add, left, right, result);
  }

  /** The probabilities of a block, row by row into {@code scores}. */
  private void probabilities(Block x, long scores) {
    multiply(Kind.SCORES, x, false, in(0) + queryOffset(x), in(1) + keyOffset(x), scores);
    for (int r = 0; r < x.heads * x.count; r++) {
      long row = scores + 4L * r * keys;
      int query = x.from + r % x.count;
      if (masked) {
        addMask(row, x.b, x.h + r / x.count, query);
      }
      int visible = op.causal() ? Math.max(0, Math.min(keys, query + 1 + keys - queries)) : keys;
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
    for (int r = 0; r < x.heads * x.count; r++) {
      long row = 4L * r * keys;
      loops.softmaxGradRow(p + row, dP + row, dP + row, keys);
    }
    multiply(Kind.QUERY_GRADIENT, x, false, dP, in(1) + kAt, dQ);
    multiply(Kind.KEY_GRADIENT, x, add, dP, in(0) + qAt, dK);
  }
}
