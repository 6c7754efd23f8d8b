package dev.peft4j.gguf;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Shape;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.Quote;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Reads the header of one file: metadata and the entries of tensors. Every count and length is
 * compared with the bytes that are left before anything is allocated.
 */
final class GgufHeader {
  private static final int MAX_DEPTH = 16;
  private static final int MAX_DIMENSIONS = 4;
  private static final int DEFAULT_ALIGNMENT = 32;
  private static final int MAX_NAME = 1 << 16;

  /** An entry takes a name, dimensions, a type and an offset, a value a key and a type. */
  private static final long MIN_TENSOR_BYTES = 8 + 1 + 4 + 8 + 4 + 8;

  private static final long MIN_VALUE_BYTES = 8 + 1 + 4 + 1;

  private final Path file;
  private final MemorySegment bytes;
  private final SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
  private final SequencedMap<String, GgufTensor> tensors = new LinkedHashMap<>();
  private ByteOrder order = ByteOrder.LITTLE_ENDIAN;
  private int version;
  private long at;
  private long dataStart;

  private GgufHeader(Path file, MemorySegment bytes) {
    this.file = file;
    this.bytes = bytes;
  }

  static GgufHeader read(Path file, MemorySegment bytes) throws FileFormatException {
    GgufHeader header = new GgufHeader(file, bytes);
    header.read();
    return header;
  }

  SequencedMap<String, GgufValue> metadata() {
    return metadata;
  }

  SequencedMap<String, GgufTensor> tensors() {
    return tensors;
  }

  ByteOrder order() {
    return order;
  }

  int version() {
    return version;
  }

  /** Where the data of the tensors begins. */
  long dataStart() {
    return dataStart;
  }

  private void read() throws FileFormatException {
    magic();
    long tensorCount = i64("the number of tensors");
    long valueCount = i64("the number of metadata entries");
    requireCount(valueCount, MIN_VALUE_BYTES, "metadata entries");
    requireCount(tensorCount, MIN_TENSOR_BYTES, "tensors");
    for (long i = 0; i < valueCount; i++) {
      metadataEntry(i);
    }
    long alignment = alignment();
    for (long i = 0; i < tensorCount; i++) {
      tensorEntry(i, alignment);
    }
    dataStart = (at + alignment - 1) / alignment * alignment;
    new TensorExtents(file, alignment, Math.max(0, bytes.byteSize() - dataStart)).check(tensors);
  }

  private void magic() throws FileFormatException {
    if (bytes.byteSize() < 4) {
      throw problem(
          (bytes.byteSize() == 0 ? "is empty" : "has only " + bytes.byteSize() + " bytes")
              + "; a GGUF file begins with the letters GGUF");
    }
    byte[] magic = bytes.asSlice(0, 4).toArray(ValueLayout.JAVA_BYTE);
    String found = new String(magic, StandardCharsets.ISO_8859_1);
    if (!found.equals("GGUF")) {
      throw problem(
          "is not a GGUF file: it begins with "
              + Quote.text(found)
              + " instead of 'GGUF'"
              + (found.equals("GGML") || found.equals("ggjt") || found.equals("lmgg")
                  ? "; it is of an older format, convert the model again"
                  : ""));
    }
    at = 4;
    version = (int) u32("the version");
    if (version != 0 && (version & 0xffff) == 0) {
      order = ByteOrder.BIG_ENDIAN;
      version = Integer.reverseBytes(version);
    }
    if (version != 2 && version != 3) {
      throw problem("is of version " + version + " of GGUF; versions 2 and 3 can be read");
    }
  }

  private void metadataEntry(long i) throws FileFormatException {
    String key = name("the key of metadata entry " + i);
    String what = "metadata entry " + Quote.text(key);
    GgufValue value = value(valueType(what), what, 0);
    if (metadata.put(key, value) != null) {
      throw problem("has the metadata entry " + Quote.text(key) + " twice");
    }
  }

  private GgufValueType valueType(String what) throws FileFormatException {
    long number = u32("the type of " + what);
    GgufValueType type = GgufValueType.of(number);
    if (type == null) {
      throw problem(what + " is of type " + number + ", which does not exist; types are 0 to 12");
    }
    return type;
  }

  private GgufValue value(GgufValueType type, String what, int depth) throws FileFormatException {
    return switch (type) {
      case STRING -> new GgufValue(type, text(what));
      case ARRAY -> new GgufValue(type, array(what, depth + 1));
      default -> {
        need(type.bytes(), what);
        if (type == GgufValueType.BOOL) {
          requireBools(what, at, 1);
        }
        Object v = ScalarList.get(bytes, at, type, order);
        at += type.bytes();
        yield new GgufValue(type, v);
      }
    };
  }

  private GgufArray array(String what, int depth) throws FileFormatException {
    if (depth > MAX_DEPTH) {
      throw problem(what + " has arrays in arrays more than " + MAX_DEPTH + " deep");
    }
    GgufValueType of = valueType("the elements of " + what);
    long count = i64("the length of " + what);
    requireCount(count, of.bytes(), "elements of " + what);
    if (count > Integer.MAX_VALUE - 8) {
      throw problem(what + " has " + count + " elements; at most 2^31 can be read");
    }
    if (of != GgufValueType.STRING && of != GgufValueType.ARRAY) {
      if (of == GgufValueType.BOOL) {
        requireBools(what, at, count);
      }
      MemorySegment slice = bytes.asSlice(at, count * of.bytes());
      at += count * of.bytes();
      return new GgufArray(of, new ScalarList(slice, of, order));
    }
    if (of == GgufValueType.STRING) {
      return new GgufArray(of, texts(what, (int) count));
    }
    List<Object> values = new ArrayList<>((int) count);
    for (long i = 0; i < count; i++) {
      values.add(value(of, what, depth).value());
    }
    return new GgufArray(of, values);
  }

  /** Texts that are looked at and not kept. */
  private TextList texts(String what, int count) throws FileFormatException {
    long[] starts = new long[count + 1];
    byte[] text = new byte[64];
    for (int i = 0; i < count; i++) {
      long length = -1;
      if (bytes.byteSize() - at >= TextList.LENGTH_BYTES) {
        length = ScalarList.i64(bytes, at, order);
      }
      long left = bytes.byteSize() - at - TextList.LENGTH_BYTES;
      if (length < 0 || length > left || length > Integer.MAX_VALUE - 8) {
        text(what); // says what is wrong
      }
      at += TextList.LENGTH_BYTES;
      starts[i] = at;
      int n = (int) length;
      text = n > text.length ? new byte[Math.max(n, 2 * text.length)] : text;
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, text, 0, n);
      if (new String(text, 0, n, StandardCharsets.UTF_8).indexOf('\uFFFD') >= 0) {
        decode(what, at, n); // what stands for bytes that are not valid, or that character
      }
      at += n;
    }
    starts[count] = at + TextList.LENGTH_BYTES;
    return new TextList(bytes, starts);
  }

  private void requireBools(String what, long from, long count) throws FileFormatException {
    for (long i = 0; i < count; i++) {
      byte b = bytes.get(ValueLayout.JAVA_BYTE, from + i);
      if (b != 0 && b != 1) {
        throw problem(what + " is a bool of value " + (b & 0xff) + ", expected 0 or 1");
      }
    }
  }

  private long alignment() throws FileFormatException {
    GgufValue v = metadata.get("general.alignment");
    if (v == null) {
      return DEFAULT_ALIGNMENT;
    }
    boolean good =
        v.type() == GgufValueType.UINT32 && v.value() instanceof Long n && Long.bitCount(n) == 1;
    if (!good) {
      throw problem(
          "general.alignment is " + v.describe() + ", expected a uint32 that is a power of two");
    }
    return (Long) v.value();
  }

  private void tensorEntry(long i, long alignment) throws FileFormatException {
    String name = name("the name of tensor " + i);
    String what = "tensor " + Quote.text(name);
    long count = u32("the number of dimensions of " + what);
    if (count < 1 || count > MAX_DIMENSIONS) {
      throw problem(what + " has " + count + " dimensions, expected 1 to " + MAX_DIMENSIONS);
    }
    int[] shape = new int[(int) count];
    for (int d = shape.length - 1; d >= 0; d--) {
      long size = i64("the dimensions of " + what);
      if (size < 1 || size > Integer.MAX_VALUE) {
        throw problem(
            what
                + " has a dimension of "
                + Long.toUnsignedString(size)
                + ", expected 1 to "
                + Integer.MAX_VALUE);
      }
      shape[d] = (int) size;
    }
    long type = u32("the type of " + what);
    Encoding encoding = type > Integer.MAX_VALUE ? null : Encodings.ofGguf((int) type);
    if (encoding == null) {
      throw problem(what + " is of type " + GgufTypes.describe(type));
    }
    long offset = i64("the offset of " + what);
    GgufTensor tensor = new GgufTensor(name, shape(what, shape), encoding, offset);
    if (!encoding.fits(tensor.shape())) {
      throw problem(
          what
              + " of shape "
              + tensor.shape()
              + " is of type "
              + encoding.ggufName()
              + ", whose rows are a multiple of "
              + encoding.blockValues()
              + " values long");
    }
    if (tensors.put(name, tensor) != null) {
      throw problem("has the " + what + " twice");
    }
    if (offset < 0 || offset % alignment != 0) {
      throw problem(
          what
              + " begins at offset "
              + Long.toUnsignedString(offset)
              + ", which is not a multiple of the alignment "
              + alignment);
    }
  }

  private Shape shape(String what, int[] dims) throws FileFormatException {
    long elements = 1;
    for (int d : dims) {
      elements = elements > Integer.MAX_VALUE ? elements : elements * d;
    }
    if (elements > Integer.MAX_VALUE) {
      throw problem(
          what
              + " has the dimensions "
              + java.util.Arrays.toString(dims)
              + ": more than "
              + Integer.MAX_VALUE
              + " values, which cannot be read");
    }
    return Shape.of(dims);
  }

  private String name(String what) throws FileFormatException {
    String name = text(what);
    if (name.isEmpty()) {
      throw problem(what + " is empty");
    }
    if (name.length() > MAX_NAME) {
      throw problem(what + " has " + name.length() + " characters, at most " + MAX_NAME);
    }
    return name;
  }

  private String text(String what) throws FileFormatException {
    long length = i64("the length of " + what);
    requireCount(length, 1, "bytes of " + what);
    if (length > Integer.MAX_VALUE - 8) {
      throw problem(what + " has " + length + " bytes; at most 2^31 can be read");
    }
    long start = at;
    at += length;
    return decode(what, start, length);
  }

  private String decode(String what, long start, long length) throws FileFormatException {
    ByteBuffer slice = bytes.asSlice(start, length).asByteBuffer();
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(slice).toString();
    } catch (CharacterCodingException e) {
      throw new FileFormatException(file, what + " is not valid UTF-8", e);
    }
  }

  private long u32(String what) throws FileFormatException {
    need(4, what);
    int v = ScalarList.i32(bytes, at, order);
    at += 4;
    return v & 0xffff_ffffL;
  }

  private long i64(String what) throws FileFormatException {
    need(8, what);
    long v = ScalarList.i64(bytes, at, order);
    at += 8;
    return v;
  }

  private void need(long n, String what) throws FileFormatException {
    if (n > bytes.byteSize() - at) {
      throw problem(
          "ends after "
              + bytes.byteSize()
              + " bytes, within "
              + what
              + "; it is truncated or damaged");
    }
  }

  private void requireCount(long count, long each, String what) throws FileFormatException {
    long left = bytes.byteSize() - at;
    if (count < 0 || count > left / each) {
      throw problem(
          "should have "
              + Long.toUnsignedString(count)
              + " "
              + what
              + ", but only "
              + left
              + " bytes are left; it is truncated or damaged");
    }
  }

  private FileFormatException problem(String problem) {
    return new FileFormatException(file, problem);
  }
}
