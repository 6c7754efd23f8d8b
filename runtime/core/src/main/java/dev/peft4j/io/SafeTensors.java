package dev.peft4j.io;

import dev.peft4j.data.DType;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.NonFiniteException;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A safetensors file, mapped into memory: eight bytes of header length, a JSON header that names
 * each tensor with its type, sizes and bytes, then the bytes.
 *
 * <p>{@link #open} checks the whole header as the format's reference implementation does, and
 * refuses duplicate names and unknown fields as well; afterwards every tensor's bytes are known to
 * be inside the file. There is nothing to close: the mapping exists as long as this object or a
 * storage that shares it is reachable. Files written by {@link #write} are replaced by renaming, so
 * a mapped file that is saved again keeps its old bytes; a file that another program truncates
 * while it is mapped must not be read any more.
 */
public final class SafeTensors {
  /** Headers above this many bytes are refused, as by the reference implementation. */
  static final int MAX_HEADER = 100_000_000;

  private static final int PREFIX = 8;

  private final Path file;
  private final SequencedMap<String, String> metadata;
  private final SequencedMap<String, TensorInfo> tensors;
  private final MemorySegment data;

  private SafeTensors(Path file, SafeTensorsHeader header, MemorySegment data) {
    this.file = file;
    this.metadata = Collections.unmodifiableSequencedMap(header.metadata());
    this.tensors = Collections.unmodifiableSequencedMap(header.tensors());
    this.data = data;
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws FileFormatException if the file does not exist or is not a valid safetensors file
   * @throws IOException if it cannot be read
   */
  public static SafeTensors open(Path file) throws IOException {
    return AtomicFiles.reading(file, at -> open(file, at));
  }

  /** Opens {@code file}, whose content is at the path {@code at}. */
  private static SafeTensors open(Path file, Path at) throws IOException {
    requireFile(file, at, "a safetensors file");
    try (FileChannel channel = FileChannel.open(at, StandardOpenOption.READ)) {
      long size = channel.size();
      int length = headerLength(file, channel, size);
      SafeTensorsHeader header;
      try (Reader text = text(channel.position(PREFIX), length)) {
        header = SafeTensorsHeader.read(file, text, size - PREFIX - length);
      }
      MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, Arena.ofAuto());
      return new SafeTensors(file, header, all.asSlice(PREFIX + (long) length));
    } catch (FileFormatException e) {
      throw e;
    } catch (IOException e) {
      throw new FileFormatException(file, "cannot be read: " + Quote.reason(e), e);
    }
  }

  /**
   * Writes tensors as Python's safetensors does, byte for byte, with the metadata {@code
   * {"format":"pt"}} that peft and transformers write.
   *
   * @see #write(Path, Map, Map)
   */
  public static void write(Path file, Map<String, StoredTensor> tensors) throws IOException {
    write(file, tensors, Map.of("format", "pt"));
  }

  /**
   * Writes tensors as Python's safetensors does, byte for byte: widest type first, then by name,
   * the header padded with spaces to a multiple of eight. The file appears or replaces an old one
   * only when it is complete and on the disk; see {@link AtomicFiles}.
   *
   * @param metadata texts for the header, in this order; if empty, the header has no such entry
   * @throws IllegalArgumentException if a name is {@code __metadata__} or not valid Unicode
   * @throws IOException if the file cannot be written; an old one is unchanged then
   */
  public static void write(
      Path file, Map<String, StoredTensor> tensors, Map<String, String> metadata)
      throws IOException {
    AtomicFiles.write(file, new SafeTensorsWriter(tensors, metadata));
  }

  /** Returns the file. */
  public Path file() {
    return file;
  }

  /** Returns the texts under {@code __metadata__}, in the file's order. */
  public SequencedMap<String, String> metadata() {
    return metadata;
  }

  /** Returns the names of the tensors in the file's order. */
  public List<String> names() {
    return List.copyOf(tensors.keySet());
  }

  /** Returns the header entry of each tensor, in the file's order. */
  public SequencedMap<String, TensorInfo> tensors() {
    return tensors;
  }

  /** Returns the shape of each tensor, in the file's order. */
  public SequencedMap<String, Shape> shapes() {
    SequencedMap<String, Shape> out = new LinkedHashMap<>();
    tensors.forEach((name, info) -> out.put(name, info.shape()));
    return out;
  }

  /** Returns whether there is a tensor of that name. */
  public boolean contains(String name) {
    return tensors.containsKey(name);
  }

  /**
   * Returns the header entry of one tensor.
   *
   * @throws FileFormatException if there is no such tensor
   */
  public TensorInfo info(String name) throws FileFormatException {
    TensorInfo info = tensors.get(name);
    if (info == null) {
      throw new FileFormatException(
          file,
          "has no tensor "
              + Quote.text(name)
              + (tensors.isEmpty()
                  ? "; it has none at all"
                  : "; it has " + Quote.list(tensors.keySet(), 5)));
    }
    return info;
  }

  /**
   * Returns the elements of one tensor. F32, I32 and I64 share the file's memory without a copy
   * (unless the file has them at an odd address): such a storage must not be written to; {@link
   * Storage#copy} makes a writable copy. F16, BF16 and F64 are converted to FLOAT32, BOOL, I8, U8,
   * I16 and U16 to INT32, U32 and U64 to INT64, again at each call.
   *
   * @throws FileFormatException if there is no such tensor, its type cannot be read, or a value
   *     does not fit the type it is converted to
   */
  public Storage storage(String name) throws FileFormatException {
    TensorInfo info = info(name);
    MemorySegment bytes = bytes(info);
    DType dtype = info.type().dtype();
    if (dtype == null) {
      throw new FileFormatException(
          file,
          "tensor "
              + Quote.text(name)
              + " is of type "
              + info.type()
              + ", which cannot be read; convert it to F32, F16 or BF16");
    }
    boolean same = TensorType.of(dtype.encoding()) == info.type();
    if (same && bytes.address() % dtype.bytes() == 0) {
      return Storage.wrap(bytes, dtype);
    }
    return Conversion.convert(file, info, bytes, dtype);
  }

  /**
   * Returns the elements of one tensor in an encoding of floating-point numbers. Where the file has
   * that type they share the file's memory without a copy and must not be written to; other
   * floating-point types are converted, rounded as the encoding does.
   *
   * @throws FileFormatException if there is no such tensor, its type is not a floating-point type
   *     that can be read, or the encoding cannot hold a value, such as a NaN
   * @throws dev.peft4j.data.ShapeException if the tensor's rows are not whole blocks
   */
  public Storage storage(String name, Encoding wanted) throws FileFormatException {
    TensorInfo info = info(name);
    Encoding encoding = wanted.forShape(info.shape());
    if (!info.type().isFloat() || encoding.dtype().isInteger()) {
      throw new FileFormatException(
          file,
          "tensor "
              + Quote.text(name)
              + " is of type "
              + info.type()
              + ", which cannot be read as "
              + encoding
              + "; floating-point types can be read as each other");
    }
    MemorySegment bytes = bytes(info);
    boolean same =
        TensorType.of(encoding) == info.type() && bytes.address() % encoding.blockBytes() == 0;
    if (same) {
      return Storage.wrap(bytes, encoding);
    }
    encoding.requireFit("tensor " + Quote.text(name), info.shape());
    try {
      return storage(name).copyAs(encoding);
    } catch (NonFiniteException e) {
      throw new FileFormatException(file, "tensor " + Quote.text(name) + ": " + e.getMessage(), e);
    }
  }

  /** Returns the shape and the elements of one tensor; see {@link #storage(String)}. */
  public StoredTensor tensor(String name) throws FileFormatException {
    return new StoredTensor(info(name).shape(), storage(name));
  }

  /**
   * Checks every value of every floating-point tensor.
   *
   * @throws FileFormatException if one is NaN or infinite; with a list of these tensors, the number
   *     of such values and the position of the first one
   */
  public void checkFinite() throws FileFormatException {
    FiniteCheck check = new FiniteCheck();
    for (TensorInfo info : tensors.values()) {
      if (info.type().isFloat()) {
        check.add(info.name(), info.shape(), info.type(), bytes(info));
      }
    }
    check.require(file);
  }

  /**
   * Returns the bytes of one tensor as they are in the file, of whatever type; they must not be
   * written to.
   *
   * @throws FileFormatException if there is no such tensor
   */
  public MemorySegment bytes(String name) throws FileFormatException {
    return bytes(info(name));
  }

  private MemorySegment bytes(TensorInfo info) {
    return data.asSlice(info.begin(), info.end() - info.begin());
  }

  /** Throws unless {@code file} is a regular file; {@code kind} names what was expected. */
  static void requireFile(Path file, String kind) throws FileFormatException {
    requireFile(file, file, kind);
  }

  /** Throws unless {@code file}, whose content is at the path {@code at}, is a regular file. */
  static void requireFile(Path file, Path at, String kind) throws FileFormatException {
    if (Files.isDirectory(at)) {
      throw new FileFormatException(file, "is a folder, expected " + kind);
    }
    if (!Files.exists(at)) {
      throw new FileFormatException(
          file, "does not exist, expected " + kind, new NoSuchFileException(file.toString()));
    }
    if (!Files.isRegularFile(at)) {
      throw new FileFormatException(file, "is not a regular file, expected " + kind);
    }
  }

  private static int headerLength(Path file, FileChannel channel, long size) throws IOException {
    if (size < PREFIX) {
      throw new FileFormatException(
          file,
          (size == 0 ? "is empty" : "has only " + size + " bytes")
              + "; a safetensors file begins with eight bytes of header length");
    }
    ByteBuffer start = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    while (start.hasRemaining() && channel.read(start) >= 0) {
      // A read may return fewer bytes than asked for.
    }
    start.flip();
    long length = start.getLong(0);
    String hint = Sniff.hint(start);
    if (length < 0 || length > MAX_HEADER) {
      throw new FileFormatException(
          file,
          "is not a safetensors file: its header would have "
              + Long.toUnsignedString(length)
              + " bytes, at most "
              + MAX_HEADER
              + " are allowed"
              + hint);
    }
    if (length > size - PREFIX) {
      throw new FileFormatException(
          file,
          "the header should have "
              + length
              + " bytes, but the file ends "
              + (size - PREFIX)
              + " bytes after the header length; it is truncated or not a safetensors file"
              + hint);
    }
    if (length == 0 || start.get(PREFIX) != '{') {
      throw new FileFormatException(
          file,
          length == 0
              ? "the header is empty, expected a JSON object of tensors"
              : "the header does not begin with '{' but with byte 0x"
                  + String.format("%02x", start.get(PREFIX))
                  + "; it is not a safetensors file"
                  + hint);
    }
    return (int) length;
  }

  /** Returns the next {@code length} bytes as characters; malformed UTF-8 is an exception. */
  private static Reader text(FileChannel channel, int length) {
    InputStream limited =
        new FilterInputStream(Channels.newInputStream(channel)) {
          private int left = length;

          @Override
          public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
          }

          @Override
          public int read(byte[] b, int off, int len) throws IOException {
            if (left == 0) {
              return -1;
            }
            int n = super.read(b, off, Math.min(len, left));
            left -= Math.max(n, 0);
            return n;
          }

          @Override
          public void close() {
            // The channel is still needed for mapping.
          }
        };
    return new InputStreamReader(
        new BufferedInputStream(limited, 1 << 16),
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT));
  }
}
