package dev.peft4j.backend.cpu;

import java.util.ArrayList;
import java.util.List;

/** All heads in one call to oneDNN, whose products are made when they are first needed. */
final class DnnHeads implements HeadProducts {
  private record Made(Kind kind, int heads, int count, int keys, boolean add, DnnProduct product) {}

  private static final int MOST = 256;

  private final Layout layout;

  /** A handful: the last block of queries or heads may be a smaller one. */
  private final List<Made> made = new ArrayList<>();

  DnnHeads(Layout layout) {
    this.layout = layout;
  }

  @Override
  public void run(
      Kind kind, int heads, int count, int keys, boolean add, long a, long b, long mask, long c) {
    product(kind, heads, count, keys, add).run(a, b, mask, c);
  }

  private DnnProduct product(Kind kind, int heads, int count, int keys, boolean add) {
    for (int i = 0; i < made.size(); i++) {
      Made m = made.get(i);
      if (m.kind == kind
          && m.heads == heads
          && m.count == count
          && m.keys == keys
          && m.add == add) {
        return m.product;
      }
    }
    Product p = layout.product(kind, count, keys);
    boolean mask = layout.mask() && kind == Kind.SCORES;
    DnnProduct product =
        DnnProduct.batched(heads, p.m(), p.n(), p.k(), p.a(), p.b(), p.c(), p.factor(), mask, add);
    if (made.size() == MOST) { // where the number of keys changes with each run
      made.clear();
    }
    made.add(new Made(kind, heads, count, keys, add, product));
    return product;
  }
}
