package dev.peft4j.io;

import dev.peft4j.data.DType;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Storage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;

/** Conversion of elements of a file's types to the runtime's types. */
final class Conversion {
  static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfDouble F64 =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Conversion() {}

  /** Returns a new storage with the elements in {@code bytes}, converted to {@code dtype}. */
  static Storage convert(Path file, TensorInfo info, MemorySegment bytes, DType dtype)
      throws FileFormatException {
    int n = info.shape().size();
    Storage out = Storage.allocate(dtype, n);
    MemorySegment to = out.segment();
    switch (info.type()) {
      case F32, I32, I64 -> MemorySegment.copy(bytes, 0, to, 0, bytes.byteSize());
      case F16 -> Encodings.FLOAT16.decode(bytes, 0, to, 0, n);
      case BF16 -> Encodings.BFLOAT16.decode(bytes, 0, to, 0, n);
      case F64 -> doubles(file, info, bytes, to);
      case I8 -> {
        for (int i = 0; i < n; i++) {
          to.set(I32, 4L * i, bytes.get(ValueLayout.JAVA_BYTE, i));
        }
      }
      case U8 -> {
        for (int i = 0; i < n; i++) {
          to.set(I32, 4L * i, bytes.get(ValueLayout.JAVA_BYTE, i) & 0xff);
        }
      }
      case BOOL -> {
        for (int i = 0; i < n; i++) {
          to.set(I32, 4L * i, bytes.get(ValueLayout.JAVA_BYTE, i) == 0 ? 0 : 1);
        }
      }
      case I16 -> {
        for (int i = 0; i < n; i++) {
          to.set(I32, 4L * i, bytes.get(I16, 2L * i));
        }
      }
      case U16 -> {
        for (int i = 0; i < n; i++) {
          to.set(I32, 4L * i, bytes.get(I16, 2L * i) & 0xffff);
        }
      }
      case U32 -> {
        for (int i = 0; i < n; i++) {
          to.set(I64, 8L * i, bytes.get(I32, 4L * i) & 0xffff_ffffL);
        }
      }
      case U64 -> {
        for (int i = 0; i < n; i++) {
          long v = bytes.get(I64, 8L * i);
          if (v < 0) {
            throw unfit(file, info, i, Long.toUnsignedString(v), "INT64");
          }
          to.set(I64, 8L * i, v);
        }
      }
      default -> throw new AssertionError(info.type());
    }
    return out;
  }

  private static void doubles(Path file, TensorInfo info, MemorySegment bytes, MemorySegment to)
      throws FileFormatException {
    int n = info.shape().size();
    for (int i = 0; i < n; i++) {
      double v = bytes.get(F64, 8L * i);
      float f = (float) v;
      if (Float.isInfinite(f) && !Double.isInfinite(v)) {
        throw unfit(file, info, i, Double.toString(v), "FLOAT32");
      }
      to.set(F32, 4L * i, f);
    }
  }

  private static FileFormatException unfit(
      Path file, TensorInfo info, int i, String value, String type) {
    return new FileFormatException(
        file,
        "tensor "
            + Quote.text(info.name())
            + " of type "
            + info.type()
            + " has "
            + value
            + " at "
            + FiniteCheck.index(info.shape(), i)
            + ", which does not fit "
            + type);
  }
}
