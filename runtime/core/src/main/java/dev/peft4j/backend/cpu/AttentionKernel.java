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

  /** The same where queries see some of the keys: fewer look at fewer that they do not see. */
  private static final int QUERIES_OF_RANGES = 64;

  /**
   * Keys that blocks begin and end at: products are made for a number of keys, and packed texts
   * would want one of each.
   */
  private static final int KEYS = 32;

  /** With fewer queries OpenBLAS is as fast, and needs nothing made for a number of keys. */
  private static final int MANY_QUERIES = 16;

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
  private final KeyRanges ranges;

  /**
   * True if all queries of all heads of a sequence have the same mask, added to uncapped scores.
   */
  private final boolean rowMask;

  /** Queries of a block. */
  private final int most;

  /** Whether the keys of a block are a multiple of {@link #KEYS}. */
  private final boolean rounds;

  /** Key heads that are computed together, and how many such chunks a sequence has. */
  private final int chunk;

  private final int chunks;
  private final int parts;
  private final HeadProducts[] products;

  /**
   * Of whole blocks; empty where they go row by row: without oneDNN, and where rows see some keys.
   */
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
    this.masked = op.masked(site.step().inputs().length - (gradient ? 1 : 0));
    this.ranges = new KeyRanges(op, this, site, masked ? 4 : 3);
    this.maskSteps = masked ? steps(site.in(3)) : new int[4];
    this.rowMask =
        masked && op.softcap() == 0 && maskSteps[1] == 0 && maskSteps[2] == 0 && maskSteps[3] != 0;
    this.most = ranges.all() ? QUERIES : QUERIES_OF_RANGES;
    int block = Math.min(most, queries);
    boolean dnn = OneDnn.available() && (ranges.all() || queries >= MANY_QUERIES);
    this.rounds = dnn;
    this.chunk = dnn && op.heads() == op.kvHeads() ? chunk(op.heads(), block * keys) : 1;
    this.chunks = (op.kvHeads() + chunk - 1) / chunk;
    this.parts = parts((long) batch * op.heads() * queries * keys * d / 4, batch * chunks);
    HeadProducts.Layout layout = new HeadProducts.Layout(d, qRow, kRow, op.scale(), rowMask);
    this.products = new HeadProducts[parts];
    this.softmax = new DnnSoftmax[ranges.all() && OneDnn.available() ? parts : 0];
    SoftmaxOf rows = new SoftmaxOf(keys);
    for (int p = 0; p < softmax.length; p++) {
      softmax[p] = site.frame().shared(p, rows, () -> new DnnSoftmax(keys));
    }
    for (int p = 0; p < parts; p++) {
      products[p] =
          dnn ? site.frame().shared(p, layout, () -> new DnnHeads(layout)) : new BlasHeads(layout);
    }
    site.frame().needScratch(scores() * (!gradient ? 1 : op.softcap() > 0 ? 3 : 2));
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
    if (gradient && !ranges.all()) {
      clear(keyGradient(b, kv), keys, kRow, heads * d);
      clear(valueGradient(b, kv), keys, kRow, heads * d);
    }
    for (int h = kv * group; h < (kv + 1) * group; h++) {
      for (int from = 0; from < queries; from += most) {
        Block block = block(part, b, h, kv, heads, from, Math.min(most, queries - from));
        if (block.n == 0) {
          clear(out() + queryOffset(block), block.count, qRow, heads * d);
        } else if (gradient) {
          gradients(block, !ranges.all() || h > kv * group || from > 0);
        } else {
          values(block);
        }
      }
    }
  }

  /** Zeros in some columns of rows. */
  private void clear(long at, int rows, int row, int columns) {
    for (int r = 0; r < rows; r++) {
      loops.fill(0, at + 4L * r * row, columns);
    }
  }

  /**
   * What is computed at a time: some queries of some heads.
   *
   * @param h the first head
   * @param kv the first key head
   * @param key the first key that is looked at
   * @param n how many keys are looked at
   */
  private record Block(
      int part, int b, int h, int kv, int heads, int from, int count, int key, int n) {}

  private Block block(int part, int b, int h, int kv, int heads, int from, int count) {
    int first = 0;
    int end = keys;
    if (!ranges.all()) {
      first = keys;
      end = 0;
      for (int i = from; i < from + count; i++) {
        if (ranges.to(b, i) > ranges.from(b, i)) {
          first = Math.min(first, ranges.from(b, i));
          end = Math.max(end, ranges.to(b, i));
        }
      }
      if (rounds && first < end) {
        first = first / KEYS * KEYS;
        end = ranges.inCache() ? end : Math.min(keys, (end + KEYS - 1) / KEYS * KEYS);
      }
    }
    return new Block(part, b, h, kv, heads, from, count, first, Math.max(0, end - first));
  }

  private long queryOffset(Block x) {
    return 4L * (((long) x.b * queries + x.from) * qRow + (long) x.h * d);
  }

  private long keyOffset(Block x) {
    return keyOffset(x.b, x.kv) + 4L * x.key * kRow;
  }

  private long keyOffset(int b, int kv) {
    return 4L * ((long) b * keys * kRow + (long) kv * d);
  }

  private long keyGradient(int b, int kv) {
    return out() + 4L * batch * queries * qRow + keyOffset(b, kv);
  }

  private long valueGradient(int b, int kv) {
    return keyGradient(b, kv) + 4L * batch * keys * kRow;
  }

  private void multiply(Kind kind, Block x, boolean add, long left, long right, long result) {
    products[x.part].run(kind, x.heads, x.count, x.n, add, left, right, 0, result);
  }

  /**
   * The probabilities of a block, row by row into {@code scores}.
   *
   * @param capped where the capped scores divided by the cap go, or 0
   */
  private void probabilities(Block x, long scores, long capped) {
    long mask = rowMask ? in(3) + 4L * x.b * maskSteps[0] + 4L * x.key : 0;
    long q = in(0) + queryOffset(x);
    long k = in(1) + keyOffset(x);
    products[x.part].run(Kind.SCORES, x.heads, x.count, x.n, false, q, k, mask, scores);
    int rows = x.heads * x.count;
    if (op.softcap() > 0) {
      cap(scores, capped == 0 ? scores : capped, rows * x.n);
    }
    if (masked && !rowMask) {
      for (int r = 0; r < rows; r++) {
        addMask(scores + 4L * r * x.n, x, x.h + r / x.count, x.from + r % x.count);
      }
    }
    if (softmax.length == 0) {
      for (int r = 0; r < rows; r++) {
        softmaxOf(x, x.from + r % x.count, scores + 4L * r * x.n);
      }
      return;
    }
    BitSet blind = blind(scores, rows);
    softmax[x.part].forward(rows, scores);
    for (int r = blind.nextSetBit(0); r >= 0; r = blind.nextSetBit(r + 1)) {
      loops.fill(0, scores + 4L * r * keys, keys);
    }
  }

  /** The scores become cap · tanh(score / cap); {@code tanh} gets the quotients, or is the same. */
  private void cap(long scores, long tanh, int n) {
    loops.binaryConst(Loops.MUL, scores, 1 / op.softcap(), tanh, n);
    loops.unary(Loops.TANH, tanh, tanh, n);
    loops.binaryConst(Loops.MUL, tanh, op.softcap(), scores, n);
  }

  /** Softmax over the keys that a query sees; 0 elsewhere. */
  private void softmaxOf(Block x, int query, long row) {
    int from = ranges.from(x.b, query) - x.key;
    int to = ranges.to(x.b, query) - x.key;
    if (from >= to || !sees(row + 4L * from, to - from)) {
      loops.fill(0, row, x.n);
      return;
    }
    loops.softmaxRow(row + 4L * from, row + 4L * from, to - from);
    loops.fill(0, row, from);
    loops.fill(0, row + 4L * to, x.n - to);
  }

  /** The rows that see no key: all their scores are minus infinity, their probabilities 0. */
  private BitSet blind(long scores, int rows) {
    BitSet found = NONE;
    for (int r = 0; r < rows; r++) {
      if (!sees(scores + 4L * r * keys, keys)) {
        found = found == NONE ? new BitSet(rows) : found;
        found.set(r);
      }
    }
    return found;
  }

  /** False if all scores are minus infinity; one look for nearly every row. */
  private static boolean sees(long row, int n) {
    int k = 0;
    while (k < n && Memory.get(row + 4L * k) == Float.NEGATIVE_INFINITY) {
      k++;
    }
    return k < n;
  }

  private void addMask(long row, Block x, int h, int query) {
    long at =
        in(3)
            + 4L
                * ((long) x.b * maskSteps[0]
                    + (long) h * maskSteps[1]
                    + (long) query * maskSteps[2]
                    + (long) x.key * maskSteps[3]);
    if (maskSteps[3] == 0) {
      loops.binaryConst(Loops.ADD, row, Memory.get(at), row, x.n);
    } else {
      loops.binary(Loops.ADD, row, at, row, x.n);
    }
  }

  private void values(Block x) {
    long scores = scratch(x.part);
    probabilities(x, scores, 0);
    multiply(Kind.VALUES, x, false, scores, in(2) + keyOffset(x), out() + queryOffset(x));
  }

  /** The gradients of keys and values are added to those of other queries, if there were any. */
  private void gradients(Block x, boolean add) {
    long p = scratch(x.part);
    long dP = p + scores();
    long tanh = op.softcap() > 0 ? dP + scores() : 0;
    long qAt = queryOffset(x);
    long kAt = keyOffset(x);
    long dO = in(step().inputs().length - 1) + qAt;
    long dQ = out() + qAt;
    long dK = keyGradient(x.b, x.kv) + 4L * x.key * kRow;
    long dV = valueGradient(x.b, x.kv) + 4L * x.key * kRow;
    probabilities(x, p, tanh);
    multiply(Kind.VALUE_GRADIENT, x, add, p, dO, dV);
    multiply(Kind.SCORE_GRADIENT, x, false, dO, in(2) + kAt, dP);
    softmaxGradient(x, p, dP);
    if (tanh != 0) { // tanh' = 1 - tanh²
      int n = x.heads * x.count * x.n;
      loops.unary(Loops.SQUARE, tanh, tanh, n);
      loops.constBinary(Loops.SUB, 1, tanh, tanh, n);
      loops.binary(Loops.MUL, dP, tanh, dP, n);
    }
    multiply(Kind.QUERY_GRADIENT, x, false, dP, in(1) + kAt, dQ);
    multiply(Kind.KEY_GRADIENT, x, add, dP, in(0) + qAt, dK);
  }

  /** Bytes of the scores of a block. */
  private long scores() {
    return 4L * chunk * Math.min(most, queries) * keys;
  }

  private void softmaxGradient(Block x, long p, long dP) {
    int rows = x.heads * x.count;
    if (softmax.length > 0) {
      softmax[x.part].gradient(rows, p, dP);
      return;
    }
    for (int r = 0; r < rows; r++) {
      long row = 4L * r * x.n;
      loops.softmaxGradRow(p + row, dP + row, dP + row, x.n);
    }
  }
}
