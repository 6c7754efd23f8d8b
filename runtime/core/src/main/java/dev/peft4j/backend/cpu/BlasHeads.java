package dev.peft4j.backend.cpu;

/** Head by head through OpenBLAS. */
final class BlasHeads implements HeadProducts {
  private final Loops loops = Loops.best();
  private final Layout layout;

  BlasHeads(Layout layout) {
    this.layout = layout;
  }

  @Override
  public void run(
      Kind kind, int heads, int count, int keys, boolean add, long a, long b, long mask, long c) {
    Product p = layout.product(kind, count, keys);
    boolean transA = p.a().column() != 1;
    boolean transB = p.b().column() != 1;
    for (int h = 0; h < heads; h++) {
      Blas.gemm(
          transA,
          transB,
          p.m(),
          p.n(),
          p.k(),
          p.factor(),
          a + 4 * h * p.a().matrix(),
          leading(p.a(), transA, p.k()),
          b + 4 * h * p.b().matrix(),
          leading(p.b(), transB, p.n()),
          add ? 1 : 0,
          c + 4 * h * p.c().matrix(),
          (int) p.c().row());
    }
    if (layout.mask() && kind == Kind.SCORES) {
      loops.addBias(c, mask, c, heads * count, keys);
    }
  }

  /** The distance between stored rows; where there is one row only, any that is long enough. */
  private static int leading(DnnProduct.Steps s, boolean turned, int columns) {
    return (int) (turned ? s.column() : Math.max(s.row(), columns));
  }
}
