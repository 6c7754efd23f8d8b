package dev.peft4j.backend.cpu;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.op.CrossEntropy;
import dev.peft4j.op.HeadLoss;
import dev.peft4j.op.HeadLossGrad;
import org.jspecify.annotations.Nullable;

/**
 * The loss of an output layer, with its gradients if they are wanted. The rows that count are taken
 * in chunks: their logits are computed, turned into the gradient of the logits where they lie, and
 * multiplied back, so a chunk of logits is all that is ever held. A weight in codes is decoded
 * panel by panel.
 */
final class HeadLossKernel extends Kernel {
  /** Bytes of the logits of a chunk. */
  private static final long CHUNK = 64L << 20;

  /** Rows of a chunk at least, or the weight would be read too often. */
  private static final int MIN_ROWS = 64;

  /** Classes of a piece of the logits, and of a panel that is decoded. */
  private static final int PANEL = 512;

  private final Loops loops = Loops.best();
  private final HeadLoss op;
  private final @Nullable HeadLossGrad grad;
  private final HeadLossRows rows;
  private final HeadLossPair[] pairs;
  private final int n;
  private final int classes;

  /** Elements from a row of the logits to the next. */
  private final int stride;

  private final int elements;
  private final int height;
  private final int panels;
  private final int biasInput;
  private final boolean biasGradient;
  private final boolean wide;
  private final boolean metrics;
  private final int[] counted;
  private final int[] labels;
  private final double[] losses;
  private final double[] entropies;
  private final boolean[] hits;
  private final int parts;

  private int count;

  /** The chunk: the rows that count from number {@code first} on, so many of them. */
  private int first;

  private int chunk;

  private final Workers.Task multiply = this::multiply;
  private final Workers.Task lose = this::lose;
  private final Workers.Task sumBias = this::sumBias;

  HeadLossKernel(Site site, HeadLoss op, @Nullable HeadLossGrad grad) {
    super(site);
    this.op = op;
    this.grad = grad;
    this.n = site.in(0).dim(0);
    this.classes = site.in(2).dim(0);
    this.elements = site.out().size();
    this.wide = site.program().dtype(site.step().inputs()[0]) == DType.INT64;
    int most = (int) Math.max(1, Math.min(n, Math.max(MIN_ROWS, CHUNK / 4 / classes)));
    int chunks = Math.max(1, (n + most - 1) / most);
    this.height = Math.max(1, (n + chunks - 1) / chunks); // of equal height, the least memory
    this.panels = (classes + PANEL - 1) / PANEL;
    this.biasInput = op.bias() ? site.step().inputs().length - 1 : -1;
    this.biasGradient = grad != null && op.bias() && grad.wants(biasInput);
    this.counted = new int[n];
    this.labels = new int[n];
    this.losses = new double[n];
    // the loss alone is one element, even if a wider op would give more
    this.metrics = op.metrics() && elements > 1;
    this.entropies = new double[metrics ? n : 0];
    this.hits = new boolean[metrics ? n : 0];
    this.rows = new HeadLossRows(loops, op, classes, grad != null, metrics);
    this.pairs = new HeadLossPair[op.pairs()];
    Shape[] shapes = site.program().inputShapes(site.step());
    // rows a multiple of 4 KiB apart would compete for the same places in the caches
    this.stride = (classes + 15) / 16 * 16 + (classes >= 1024 ? 16 : 0);
    long work = round(4L * height * stride); // the logits come first
    long width = 0;
    for (int p = 0; p < pairs.length; p++) {
      long dx = place(shapes, HeadLoss.x(p));
      long dw = place(shapes, HeadLoss.weight(p));
      pairs[p] = new HeadLossPair(this, site, HeadLoss.weight(p), height, stride, work, dx, dw);
      work += round(pairs[p].workBytes());
      width += pairs[p].width;
      site.frame().needScratch(pairs[p].scratchBytes(PANEL));
    }
    site.frame().needScratch(rows.scratchBytes());
    site.frame().needWork(work);
    this.parts = parts((long) n * classes * Math.max(1, width) / 4, Integer.MAX_VALUE);
  }

  private long place(Shape[] shapes, int input) {
    return grad != null && grad.wants(input) ? grad.start(shapes, input) : -1;
  }

  /** True if input {@code i} is a weight, which is read in any encoding. */
  static boolean reads(HeadLoss op, int i) {
    return i > 0 && i <= 2 * op.pairs() && i % 2 == 0;
  }

  private static long round(long bytes) {
    return (bytes + 63) / 64 * 64;
  }

  /** Address of a row of the chunk's logits. */
  private long row(int r) {
    return work() + 4L * r * stride;
  }

  @Override
  void run() {
    readLabels();
    if (grad != null) {
      loops.fill(0, out(), elements);
    }
    int chunks = (count + height - 1) / height;
    rows.begin(count);
    for (int c = 0; c < chunks; c++) {
      first = start(count, c, chunks);
      chunk = start(count, c + 1, chunks) - first;
      forward();
      if (grad != null) {
        backward(c > 0);
      }
    }
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += losses[i];
    }
    if (metrics) {
      double entropy = 0;
      long hit = 0;
      for (int i = 0; i < count; i++) {
        entropy += entropies[i];
        hit += hits[i] ? 1 : 0;
      }
      Memory.set(out() + 4L * (elements - 3), (float) ((double) hit / count));
      Memory.set(out() + 4L * (elements - 2), (float) (entropy / count));
    }
    Memory.set(out() + 4L * (elements - 1), (float) (sum / count));
  }

  private void readLabels() {
    count = 0;
    int ignore = op.rule().ignoreIndex();
    for (int r = 0; r < n; r++) {
      long l = wide ? Memory.getLong(in(0) + 8L * r) : Memory.getInt(in(0) + 4L * r);
      if (l == ignore) {
        continue;
      }
      if (l < 0 || l >= classes) {
        throw CrossEntropy.outOfRange(l, r, classes, ignore);
      }
      counted[count] = r;
      labels[count++] = (int) l;
    }
  }

  private void forward() {
    for (int p = 0; p < pairs.length; p++) {
      int d = pairs[p].width;
      for (int r = 0; r < chunk; r++) {
        long from = in(HeadLoss.x(p)) + 4L * counted[first + r] * d;
        loops.copy(from, pairs[p].rows() + 4L * r * d, d);
      }
    }
    share(multiply, Math.min(parts, panels));
    share(lose, Math.min(parts, chunk));
  }

  private void multiply(int part) {
    for (int piece = take(); piece < panels; piece = take()) {
      int from = piece * PANEL;
      int columns = Math.min(PANEL, classes - from);
      long z = work() + 4L * from;
      if (biasInput >= 0) {
        for (int r = 0; r < chunk; r++) {
          loops.copy(in(biasInput) + 4L * from, z + 4L * r * stride, columns);
        }
      }
      for (int p = 0; p < pairs.length; p++) {
        boolean add = p > 0 || biasInput >= 0;
        pairs[p].multiply(scratch(part), from, columns, chunk, add, z);
      }
    }
  }

  private void lose(int part) {
    for (int r = take(); r < chunk; r = take()) {
      int at = first + r;
      if (metrics) {
        losses[at] = rows.loss(row(r), labels[at], scratch(part), at, hits, entropies);
      } else {
        losses[at] = rows.loss(row(r), labels[at], scratch(part));
      }
    }
  }

  private void backward(boolean add) {
    for (HeadLossPair pair : pairs) {
      if (pair.dx >= 0) {
        pair.rowGradient(work(), chunk, parts);
        int d = pair.width;
        for (int r = 0; r < chunk; r++) {
          long to = out() + 4 * (pair.dx + (long) counted[first + r] * d);
          loops.copy(pair.gradient() + 4L * r * d, to, d);
        }
      }
      if (pair.dw >= 0) {
        pair.weightGradient(work(), chunk, parts, out() + 4 * pair.dw, add);
      }
    }
    if (biasGradient) {
      share(sumBias, Math.min(parts, panels));
    }
  }

  private void sumBias(int part) {
    long db = out() + 4L * (elements - (metrics ? 3L : 1L) - classes);
    for (int piece = take(); piece < panels; piece = take()) {
      int from = piece * PANEL;
      int columns = Math.min(PANEL, classes - from);
      for (int r = 0; r < chunk; r++) {
        loops.axpy(1, row(r) + 4L * from, db + 4L * from, columns);
      }
    }
  }
}
