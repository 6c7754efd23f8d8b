package dev.peft4j.backend.cpu;

/** Head by head through OpenBLAS. */
final class BlasHeads implements HeadProducts {
  private final Layout layout;

  BlasHeads(Layout layout) {
    this.layout = layout;
  }

  @Override
  public void run(Kind kind, int heads, int count, boolean add, long a, long b, long c) {
    Product p = layout.product(kind, count);
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
          (int) (transA ? p.a().column() : p.a().row()),
          b + 4 * h * p.b().matrix(),
          (int) (transB ? p.b().column() : p.b().row()),
          add ? 1 : 0,
          c + 4 * h * p.c().matrix(),
          (int) p.c().row());
    }
  }
}
