package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encoding;
import org.jspecify.annotations.Nullable;

/**
 * One product that the logits of a {@link HeadLossKernel} are the sum of: rows (n, width) and a
 * weight (classes, width), which is read as it is stored.
 */
final class HeadLossPair {
  /** Classes that are decoded together for the gradient of the rows. */
  private static final int BAND = 2048;

  /** Classes that one part decodes, or computes the weight's gradient of, at a time. */
  private static final int PIECE = 256;

  final int width;

  /** Elements of the result before the gradient of the rows, or of the weight; -1 for none. */
  final long dx;

  final long dw;

  private final Kernel kernel;
  private final int classes;
  private final int height;
  private final int stride;
  private final Loops loops = Loops.best();
  private final Encoding encoding;
  private final boolean coded;
  private final @Nullable CodedRows blocks;
  private final int input;

  /** Bytes in the kernel's memory before what is this pair's. */
  private final long place;

  // what the tasks work on
  private long logits;
  private int chunk;
  private int parts;
  private int from;
  private int to;
  private long target;
  private boolean add;

  private final Workers.Task decode = this::decode;
  private final Workers.Task multiplyBack = this::multiplyBack;
  private final Workers.Task multiplyRows = this::multiplyRows;

  /**
   * A pair.
   *
   * @param input which input of the step is the weight
   * @param height rows of a chunk at most
   * @param stride elements from a row of logits to the next
   * @param place bytes in the kernel's memory before what is this pair's
   */
  HeadLossPair(
      Kernel kernel,
      Kernel.Site site,
      int input,
      int height,
      int stride,
      long place,
      long dx,
      long dw) {
    this.stride = stride;
    this.kernel = kernel;
    this.input = input;
    this.width = site.in(input).dim(1);
    this.classes = site.in(input).dim(0);
    this.height = height;
    this.encoding = site.encoding(input);
    this.coded = !encoding.isPlain();
    this.blocks = encoding.hasBlocks() ? CodedRows.of(encoding) : null;
    this.place = place;
    this.dx = dx;
    this.dw = dw;
  }

  /** Bytes of the kernel's memory that this needs. */
  long workBytes() {
    long gradient = dx < 0 ? 0 : 4L * height * width;
    long band = coded && dx >= 0 ? 4L * Math.min(BAND, classes) * width : 0;
    return 4L * height * width + gradient + band;
  }

  /** Scratch memory of each part for panels of so many classes. */
  long scratchBytes(int panel) {
    return coded ? 4L * Math.min(panel, classes) * width : 0;
  }

  /** Address of the chunk's rows. */
  long rows() {
    return kernel.work() + place;
  }

  /** Address of the gradient of the chunk's rows. */
  long gradient() {
    return rows() + 4L * height * width;
  }

  private long band() {
    return gradient() + 4L * height * width;
  }

  private void decode(int first, int count, long to) {
    long at = (long) first * width;
    int n = count * width;
    if (blocks != null) {
      blocks.decode(kernel.in(input), at, n, to);
    } else {
      loops.decode(encoding, kernel.in(input) + encoding.bytes(at), to, n);
    }
  }

  /**
   * Writes the logits of classes {@code first} to {@code first + columns} to {@code z}, or adds
   * them to what is there.
   */
  void multiply(long panel, int first, int columns, int chunk, boolean add, long z) {
    long w = kernel.in(input) + 4L * first * width;
    if (coded) {
      decode(first, columns, panel);
      w = panel;
    }
    Blas.gemm(
        false, true, chunk, columns, width, 1, rows(), width, w, width, add ? 1 : 0, z, stride);
  }

  /** Computes {@link #gradient} from the gradient of the chunk's logits. */
  void rowGradient(long logits, int chunk, int parts) {
    this.logits = logits;
    this.chunk = chunk;
    this.parts = Math.min(parts, chunk);
    int step = coded ? BAND : classes;
    for (from = 0; from < classes; from += step) {
      to = Math.min(classes, from + step);
      add = from > 0;
      if (coded) {
        kernel.share(decode, Math.min(parts, (to - from + PIECE - 1) / PIECE));
      }
      kernel.share(multiplyBack, this.parts);
    }
  }

  private void decode(int part) {
    int pieces = (to - from + PIECE - 1) / PIECE;
    for (int piece = kernel.take(); piece < pieces; piece = kernel.take()) {
      int at = piece * PIECE;
      decode(from + at, Math.min(PIECE, to - from - at), band() + 4L * at * width);
    }
  }

  private void multiplyBack(int part) {
    int row = Kernel.start(chunk, part, parts);
    int count = Kernel.start(chunk, part + 1, parts) - row;
    long w = coded ? band() : kernel.in(input);
    long dz = logits + 4L * ((long) row * stride + from);
    long c = gradient() + 4L * row * width;
    Blas.gemm(
        false, false, count, width, to - from, 1, dz, stride, w, width, add ? 1 : 0, c, width);
  }

  /**
   * Adds the chunk's part of the weight's gradient to {@code target}.
   *
   * @param add whether there is a part of an earlier chunk
   */
  void weightGradient(long logits, int chunk, int parts, long target, boolean add) {
    this.logits = logits;
    this.chunk = chunk;
    this.target = target;
    this.add = add;
    kernel.share(multiplyRows, Math.min(parts, (classes + PIECE - 1) / PIECE));
  }

  private void multiplyRows(int part) {
    int pieces = (classes + PIECE - 1) / PIECE;
    for (int piece = kernel.take(); piece < pieces; piece = kernel.take()) {
      int at = piece * PIECE;
      int count = Math.min(PIECE, classes - at);
      long c = target + 4L * at * width;
      Blas.gemm(
          true,
          false,
          count,
          width,
          chunk,
          1,
          logits + 4L * at,
          stride,
          rows(),
          width,
          add ? 1 : 0,
          c,
          width);
    }
  }
}
