package dev.peft4j.gguf;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.AtomicFiles;
import dev.peft4j.io.Quote;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Supplier;

/**
 * A GGUF file to write: version 3, little-endian, as llama.cpp reads it. Entries are written in the
 * order in which they are put.
 */
public final class GgufWriter {
  private static final int VERSION = 3;
  private static final int ALIGNMENT = 32;
  private static final int MAX_DIMENSIONS = 4;
  private static final int BUFFER = 1 << 20;

  private final SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
  private final SequencedMap<String, Entry> tensors = new LinkedHashMap<>();

  private record Entry(Shape shape, Encoding encoding, Supplier<Storage> numbers) {
    long bytes() {
      return encoding.bytes(shape.elements());
    }
  }

  /**
   * Creates a file without tensors.
   *
   * @param architecture the value of {@code general.architecture}, such as {@code llama}
   */
  public GgufWriter(String architecture) {
    put("general.architecture", GgufValue.of(architecture));
  }

  /**
   * Puts a metadata entry, in place of one of the same key.
   *
   * @throws IllegalArgumentException if the key is empty, or {@code general.alignment}, which is
   *     always 32
   */
  public GgufWriter put(String key, GgufValue value) {
    if (key.isEmpty() || key.equals("general.alignment")) {
      throw new IllegalArgumentException("no metadata can be put under " + Quote.text(key));
    }
    metadata.put(key, value);
    return this;
  }

  /**
   * Adds a tensor.
   *
   * @param numbers in the encoding that they are written in
   * @throws IllegalArgumentException if there is one of that name, GGUF has no such type, or the
   *     shape has no or more than four dimensions or does not fit the numbers
   */
  public GgufWriter tensor(String name, Shape shape, Storage numbers) {
    if (numbers.elements() != shape.elements()) {
      throw new IllegalArgumentException(
          "tensor "
              + Quote.text(name)
              + " of shape "
              + shape
              + " has "
              + numbers.elements()
              + " numbers");
    }
    return tensor(name, shape, numbers.encoding(), () -> numbers);
  }

  /**
   * Adds a tensor whose numbers are computed when it is written, one tensor after another.
   *
   * @param encoding that the numbers will have
   * @throws IllegalArgumentException as {@link #tensor(String, Shape, Storage)}
   */
  public GgufWriter tensor(String name, Shape shape, Encoding encoding, Supplier<Storage> numbers) {
    if (encoding.ggufType() < 0) {
      throw new IllegalArgumentException(
          "tensor " + Quote.text(name) + " is held as " + encoding + ", which GGUF does not have");
    }
    if (name.isEmpty() || shape.rank() < 1 || shape.rank() > MAX_DIMENSIONS) {
      throw new IllegalArgumentException(
          "tensor "
              + Quote.text(name)
              + " of shape "
              + shape
              + " cannot be stored: GGUF has names and one to four dimensions");
    }
    encoding.requireFit("tensor " + Quote.text(name), shape);
    if (tensors.putIfAbsent(name, new Entry(shape, encoding, numbers)) != null) {
      throw new IllegalArgumentException("there is a tensor " + Quote.text(name) + " already");
    }
    return this;
  }

  /** Returns the names of the tensors that were added. */
  public List<String> names() {
    return List.copyOf(tensors.keySet());
  }

  /**
   * Writes the file; it appears or replaces an old one only when it is complete and on the disk.
   *
   * @throws IOException if the file cannot be written; an old one is unchanged then
   */
  public void write(Path file) throws IOException {
    AtomicFiles.write(file, this::write);
  }

  private void write(WritableByteChannel channel) throws IOException {
    Out out = new Out(channel);
    out.bytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    out.i32(VERSION);
    out.i64(tensors.size());
    out.i64(metadata.size());
    for (Map.Entry<String, GgufValue> e : metadata.entrySet()) {
      out.text(e.getKey());
      out.i32(e.getValue().type().ordinal());
      out.value(e.getValue().type(), e.getValue().value());
    }
    long offset = 0;
    for (Map.Entry<String, Entry> e : tensors.entrySet()) {
      Shape shape = e.getValue().shape;
      out.text(e.getKey());
      out.i32(shape.rank());
      for (int d = shape.rank() - 1; d >= 0; d--) {
        out.i64(shape.dim(d));
      }
      out.i32(e.getValue().encoding.ggufType());
      out.i64(offset);
      offset += (e.getValue().bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    out.align();
    for (Map.Entry<String, Entry> e : tensors.entrySet()) {
      Storage s = e.getValue().numbers.get();
      if (!s.encoding().equals(e.getValue().encoding) || s.bytes() != e.getValue().bytes()) {
        throw new IllegalStateException(
            "tensor " + Quote.text(e.getKey()) + " is not what was announced");
      }
      out.storage(s);
      out.align();
    }
    out.flush();
  }

  /** Bytes on their way to the file. */
  private static final class Out {
    private final WritableByteChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
    private long written;

    Out(WritableByteChannel channel) {
      this.channel = channel;
    }

    private void room(int n) throws IOException {
      if (buffer.remaining() < n) {
        flush();
      }
      written += n;
    }

    void flush() throws IOException {
      buffer.flip();
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      buffer.clear();
    }

    void i32(int v) throws IOException {
      room(4);
      buffer.putInt(v);
    }

    void i64(long v) throws IOException {
      room(8);
      buffer.putLong(v);
    }

    void bytes(byte[] b) throws IOException {
      for (int at = 0; at < b.length; at += BUFFER) {
        int n = Math.min(BUFFER, b.length - at);
        room(n);
        buffer.put(b, at, n);
      }
    }

    void text(String s) throws IOException {
      byte[] b = s.getBytes(StandardCharsets.UTF_8);
      i64(b.length);
      bytes(b);
    }

    void value(GgufValueType type, Object v) throws IOException {
      switch (type) {
        case UINT8, INT8 -> {
          room(1);
          buffer.put(((Long) v).byteValue());
        }
        case UINT16, INT16 -> {
          room(2);
          buffer.putShort(((Long) v).shortValue());
        }
        case UINT32, INT32 -> i32(((Long) v).intValue());
        case UINT64, INT64 -> i64((Long) v);
        case FLOAT32 -> {
          room(4);
          buffer.putFloat(((Double) v).floatValue());
        }
        case FLOAT64 -> {
          room(8);
          buffer.putDouble((Double) v);
        }
        case BOOL -> {
          room(1);
          buffer.put((byte) ((Boolean) v ? 1 : 0));
        }
        case STRING -> text((String) v);
        case ARRAY -> {
          GgufArray a = (GgufArray) v;
          i32(a.of().ordinal());
          i64(a.size());
          for (Object e : a.values()) {
            value(a.of(), e);
          }
        }
      }
    }

    void storage(Storage s) throws IOException {
      long bytes = s.bytes();
      flush();
      for (long at = 0; at < bytes; at += BUFFER) {
        ByteBuffer piece = s.segment().asSlice(at, Math.min(BUFFER, bytes - at)).asByteBuffer();
        while (piece.hasRemaining()) {
          channel.write(piece);
        }
      }
      written += bytes;
    }

    void align() throws IOException {
      bytes(new byte[(int) (-written & ALIGNMENT - 1)]);
    }
  }
}
