package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encodings;
import dev.peft4j.data.Storage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Frozen weights as {@link DnnProduct} wants them, packed when first asked for and kept as long as
 * the weight itself, or until it changes. All programs of a backend share them; of each weight at
 * most {@link #MAX_FORMS} are kept, the ones that were made last.
 */
final class PackedWeights implements AutoCloseable {
  /** Forms of one weight: each part of its columns is one, and so is each layout. */
  private static final int MAX_FORMS = 4 * Math.max(16, Workers.shared().size());

  /**
   * The columns {@code from} to {@code to} of a weight as seen by a product, a matrix (k, n).
   *
   * @param transposed true if it is stored as (n, k)
   */
  record View(int k, int n, boolean transposed, int from, int to) {
    private Packed pack(Storage weight, long layout, AtomicLong bytes) {
      if (!weight.encoding().isPlain()) { // float32 only until it is packed
        return pack(weight.copyAs(Encodings.FLOAT32), layout, bytes);
      }
      int rowStep = transposed ? 1 : n;
      int columnStep = transposed ? k : 1;
      long start = weight.address() + 4L * from * columnStep;
      OneDnn dnn = OneDnn.library();
      Packed packed = new Packed(this, dnn.copyOf(layout), dnn.bytes(layout), bytes);
      long plain = dnn.layout(new long[] {k, to - from}, new long[] {rowStep, columnStep});
      try (DnnReorder reorder = new DnnReorder(plain, layout)) {
        reorder.run(start, packed.address());
      } finally {
        dnn.destroy("memory_desc", plain);
      }
      return packed;
    }
  }

  /**
   * A weight in the library's layout. Its memory and the layout are freed when the weight has
   * changed or is gone and nobody multiplies with it any more: at once, not when the garbage
   * collector sees a reason to look, since on the heap it is nearly nothing.
   */
  static final class Packed {
    private final View view;
    private final long layout;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment data;
    private final AtomicLong all;
    private final AtomicInteger holders = new AtomicInteger(1); // the entry

    private Packed(View view, long layout, long bytes, AtomicLong all) {
      this.view = view;
      this.layout = layout;
      this.data = HugePages.allocate(arena, bytes);
      this.all = all;
      all.addAndGet(data.byteSize());
    }

    /** Where it lies; valid until {@link #release}. */
    long address() {
      return data.address();
    }

    private Packed hold() {
      holders.incrementAndGet();
      return this;
    }

    /** To be called once by whoever got it from {@link PackedWeights#of}. */
    void release() {
      if (holders.decrementAndGet() == 0) {
        all.addAndGet(-data.byteSize());
        OneDnn.library().destroy("memory_desc", layout);
        arena.close();
      }
    }
  }

  /** The forms of one weight; its lock is held while one is made. */
  private static final class Entry {
    private int version;
    private final List<Packed> forms = new ArrayList<>(4);

    synchronized void clear() {
      forms.forEach(Packed::release);
      forms.clear();
    }
  }

  private static final Cleaner CLEANER = Cleaner.create();

  private final Map<Storage, Entry> entries = new WeakHashMap<>();
  private final AtomicLong bytes = new AtomicLong();

  /** Returns the bytes of all packed weights that there are. */
  long bytes() {
    return bytes.get();
  }

  /**
   * A view of a weight in the layout of {@code product}, to be released after use: until then it
   * stays what it is, even if somebody changes the weight.
   */
  Packed of(Storage weight, View view, DnnProduct product) {
    OneDnn dnn = OneDnn.library();
    long layout = product.layout();
    Entry entry;
    synchronized (entries) {
      entry = entries.computeIfAbsent(weight, PackedWeights::entry);
    }
    synchronized (entry) { // packing one weight holds up nobody who needs another
      int version = weight.version();
      if (entry.version != version) {
        entry.clear();
        entry.version = version;
      }
      List<Packed> forms = entry.forms;
      for (Packed p : forms) {
        if (p.view.equals(view) && dnn.same(p.layout, layout)) {
          return p.hold();
        }
      }
      if (forms.size() == MAX_FORMS) {
        forms.removeFirst().release();
      }
      Packed packed = view.pack(weight, layout, bytes);
      forms.add(packed);
      return packed.hold();
    }
  }

  private static Entry entry(Storage weight) {
    Entry entry = new Entry();
    CLEANER.register(weight, entry::clear);
    return entry;
  }

  /** Gives back all of them; what is being multiplied with is freed afterwards. */
  @Override
  public void close() {
    List<Entry> all;
    synchronized (entries) {
      all = List.copyOf(entries.values());
    }
    all.forEach(Entry::clear);
  }
}
