package dev.peft4j.backend.cpu;

import dev.peft4j.data.DType;
import dev.peft4j.data.Storage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;

/**
 * Frozen weights as {@link DnnProduct} wants them, packed when first asked for and kept as long as
 * the weight itself. All programs share them.
 */
final class PackedWeights {
  /**
   * The columns {@code from} to {@code to} of a weight as seen by a product, a matrix (k, n).
   *
   * @param transposed true if it is stored as (n, k)
   */
  record View(int k, int n, boolean transposed, int from, int to) {
    private MemorySegment pack(Storage weight, long layout) {
      if (weight.dtype().isHalf()) { // float32 only until it is packed
        return pack(weight.copyAs(DType.FLOAT32), layout);
      }
      int rowStep = transposed ? 1 : n;
      int columnStep = transposed ? k : 1;
      long start = weight.address() + 4L * from * columnStep;
      OneDnn dnn = OneDnn.library();
      long plain = dnn.layout(new long[] {k, to - from}, new long[] {rowStep, columnStep});
      MemorySegment packed = HugePages.allocate(Arena.ofAuto(), dnn.bytes(layout));
      new DnnReorder(plain, layout).run(start, packed.address());
      dnn.destroy("memory_desc", plain);
      return packed;
    }
  }

  /** A layout is never freed: there are few, one or two for each size of weight. */
  private record Packed(View view, long layout, MemorySegment data) {}

  private static final class Entry {
    int version;
    final List<Packed> forms = new ArrayList<>(4);
  }

  private static final Map<Storage, Entry> ENTRIES = new WeakHashMap<>();

  private PackedWeights() {}

  /** A view of a weight in the layout of {@code product}. */
  static MemorySegment of(Storage weight, View view, DnnProduct product) {
    OneDnn dnn = OneDnn.library();
    long layout = product.layout();
    synchronized (ENTRIES) {
      Entry entry = ENTRIES.computeIfAbsent(weight, w -> new Entry());
      int version = weight.version();
      if (entry.version != version) {
        entry.forms.clear();
        entry.version = version;
      }
      for (Packed p : entry.forms) {
        if (p.view.equals(view) && dnn.same(p.layout, layout)) {
          return p.data;
        }
      }
      MemorySegment data = view.pack(weight, layout);
      entry.forms.add(new Packed(view, dnn.copyOf(layout), data));
      return data;
    }
  }
}
