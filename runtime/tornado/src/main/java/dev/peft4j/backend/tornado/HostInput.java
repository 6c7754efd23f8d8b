package dev.peft4j.backend.tornado;

import dev.peft4j.backend.tornado.op.LookupKernels;
import dev.peft4j.backend.tornado.product.ProductShape;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Storage;
import dev.peft4j.op.CrossEntropy;
import dev.peft4j.op.Gather;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.WeakReference;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** A buffer that the host fills: from a value of the program, or from what follows from it. */
sealed interface HostInput {
  /** The buffer. */
  TornadoNativeArray array();

  /** What an input of the program contains; it remembers whose contents the buffer has. */
  abstract sealed class Given implements HostInput {
    private final int value;
    private @Nullable WeakReference<Storage> source;
    private int version;

    private Given(int value) {
      this.value = value;
    }

    final int value() {
      return value;
    }

    /** True if the buffer has what {@code s} contains. */
    final boolean holds(Storage s) {
      WeakReference<Storage> known = source;
      return known != null && known.refersTo(s) && version == s.version();
    }

    /** Remembers that the buffer has what {@code s} contains. */
    final void remember(Storage s) {
      WeakReference<Storage> known = source;
      if (known == null || !known.refersTo(s)) {
        source = new WeakReference<>(s);
      }
      version = s.version();
    }

    /** Brings what is newest in the buffer to the storage that it belongs to. */
    final void save() {
      WeakReference<Storage> known = source;
      Storage s = known == null ? null : known.get();
      if (s != null && holds(s)) {
        s.segment();
      }
    }

    /** Fills the buffer with what {@code s} contains. */
    abstract void fill(Storage s);
  }

  /** Numbers of float32; the host decodes those that come in codes. */
  final class Floats extends Given {
    private final FloatArray array;
    private final @Nullable ProductShape packed;

    /**
     * The input {@code value}.
     *
     * @param packed the product whose packed right operand this is, or null for the numbers as they
     *     are
     */
    Floats(int value, FloatArray array, @Nullable ProductShape packed) {
      super(value);
      this.array = array;
      this.packed = packed;
    }

    @Override
    public FloatArray array() {
      return array;
    }

    @Override
    void fill(Storage s) {
      fill(s, array);
    }

    /** Fills {@code target} with what {@code s} contains. */
    void fill(Storage s, FloatArray target) {
      Encoding encoding = s.encoding();
      if (packed == null) {
        encoding.decodeValues(s.segment(), 0, 0, s.elements(), target.getSegment(), 0);
      } else {
        Storage plain = encoding.isPlain() ? s : s.copyAs(Encodings.FLOAT32);
        HostPacking.pack(packed, plain.segment(), target);
      }
      remember(s);
    }
  }

  /** Codes as they lie, two bytes each; kernels decode them. */
  final class Codes extends Given {
    private final ShortArray array;

    Codes(int value, ShortArray array) {
      super(value);
      this.array = array;
    }

    @Override
    public ShortArray array() {
      return array;
    }

    @Override
    void fill(Storage s) {
      MemorySegment.copy(s.segment(), 0, array.getSegment(), 0, s.bytes());
      remember(s);
    }
  }

  /** Integers as numbers. */
  record Converted(int value, FloatArray array) implements HostInput {
    void fill(long[] x) {
      for (int i = 0; i < x.length; i++) {
        array.set(i, x[i]);
      }
    }
  }

  /** Integers as they are. */
  record Integers(int value, IntArray array) implements HostInput {
    void fill(long[] x) {
      for (int i = 0; i < x.length; i++) {
        array.set(i, Math.clamp(x[i], Integer.MIN_VALUE, Integer.MAX_VALUE));
      }
    }
  }

  /** Row numbers that must be within a table. */
  record Ids(int value, IntArray array, int rows) implements HostInput {
    void fill(long[] ids) {
      MemorySegment to = array.getSegment();
      for (int i = 0; i < ids.length; i++) {
        if (ids[i] < 0 || ids[i] >= rows) {
          throw Gather.outOfRange(ids[i], i, rows);
        }
        to.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i, (int) ids[i]);
      }
    }
  }

  /**
   * Labels that must be among the classes; those to ignore become {@link LookupKernels#IGNORED}.
   */
  record Labels(int value, IntArray array, int classes, int ignore) implements HostInput {
    void fill(long[] labels) {
      for (int i = 0; i < labels.length; i++) {
        if (labels[i] != ignore && (labels[i] < 0 || labels[i] >= classes)) {
          throw CrossEntropy.outOfRange(labels[i], i, classes, ignore);
        }
        array.set(i, labels[i] == ignore ? LookupKernels.IGNORED : (int) labels[i]);
      }
    }
  }

  /** How many labels count, but not less than {@code least}. */
  record Count(int value, FloatArray array, int ignore, int least) implements HostInput {
    void fill(long[] labels) {
      int n = 0;
      for (long l : labels) {
        n += l == ignore ? 0 : 1;
      }
      array.set(0, Math.max(least, n));
    }
  }

  /** The key of a random mask. */
  record Key(int value, LongArray array) implements HostInput {
    void fill(long[] key) {
      array.set(0, key[0]);
    }
  }
}
