package dev.peft4j.gguf;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.AtomicFiles;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.Quote;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * A GGUF file, version 2 or 3, of either byte order, or all files of a model that was split. It is
 * mapped, not read: storages share its memory. The header is checked as a whole when the file is
 * opened, in memory that its own size bounds.
 */
public final class GgufFile {
  private final Path file;
  private final GgufMetadata metadata;
  private final SequencedMap<String, Placed> tensors;
  private final int version;
  private final ByteOrder order;

  /** A tensor and the data of the file that it is in. */
  private record Placed(GgufTensor tensor, MemorySegment bytes, ByteOrder order) {}

  private GgufFile(Path file, GgufHeader header, SequencedMap<String, Placed> tensors) {
    this.file = file;
    this.metadata = new GgufMetadata(file, header.metadata());
    this.tensors = tensors;
    this.version = header.version();
    this.order = header.order();
  }

  /**
   * Opens a file and checks its header. If it is one of the files of a split model, such as {@code
   * model-00001-of-00003.gguf}, all of them are opened, from the same folder.
   *
   * @throws FileFormatException if the file does not exist, is not a valid GGUF file, or another
   *     file of the model is missing
   * @throws IOException if it cannot be read
   */
  public static GgufFile open(Path file) throws IOException {
    MemorySegment bytes = map(file);
    GgufHeader header = GgufHeader.read(file, bytes);
    SequencedMap<String, Placed> tensors = new LinkedHashMap<>();
    GgufFile opened = new GgufFile(file, header, tensors);
    GgufSplit split = GgufSplit.of(file, opened.metadata);
    if (split == null) {
      opened.metadata.string("general.architecture"); // every file has it
      add(file, header, bytes, tensors);
      return opened;
    }
    GgufFile first = opened;
    for (int part = 0; part < split.count(); part++) {
      Path other = split.file(part);
      boolean own = part == split.number();
      MemorySegment otherBytes = own ? bytes : map(other);
      GgufHeader otherHeader = own ? header : GgufHeader.read(other, otherBytes);
      if (part == 0) {
        first = new GgufFile(file, otherHeader, tensors);
        first.metadata.string("general.architecture");
      }
      split.requirePart(other, part, new GgufMetadata(other, otherHeader.metadata()));
      add(other, otherHeader, otherBytes, tensors);
    }
    split.requireTensors(tensors.size());
    return first;
  }

  private static void add(
      Path file, GgufHeader header, MemorySegment bytes, SequencedMap<String, Placed> to)
      throws FileFormatException {
    for (GgufTensor t : header.tensors().values()) {
      MemorySegment own = bytes.asSlice(header.dataStart() + t.offset(), t.bytes());
      if (to.put(t.name(), new Placed(t, own, header.order())) != null) {
        throw new FileFormatException(
            file, "has tensor " + Quote.text(t.name()) + ", which another part has too");
      }
    }
  }

  private static MemorySegment map(Path file) throws IOException {
    Path at = AtomicFiles.current(file);
    if (Files.isDirectory(at)) {
      throw new FileFormatException(file, "is a folder, expected a GGUF file");
    }
    if (!Files.exists(at)) {
      throw new FileFormatException(file, "does not exist, expected a GGUF file");
    }
    if (!Files.isRegularFile(at)) {
      throw new FileFormatException(file, "is not a regular file, expected a GGUF file");
    }
    try (FileChannel channel = FileChannel.open(at, StandardOpenOption.READ)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
    }
  }

  /** Returns whether the file is there and begins as a GGUF file does. */
  public static boolean looksLikeOne(Path file) {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    try (var in = Files.newInputStream(file)) {
      byte[] magic = in.readNBytes(4);
      return new String(magic, java.nio.charset.StandardCharsets.ISO_8859_1).equals("GGUF");
    } catch (IOException e) {
      return false;
    }
  }

  /** Returns the file that was opened. */
  public Path file() {
    return file;
  }

  /** Returns the format's version, 2 or 3. */
  public int version() {
    return version;
  }

  /** Returns the order of bytes in the file. */
  public ByteOrder byteOrder() {
    return order;
  }

  /** Returns the metadata; that of the first file of a split model. */
  public GgufMetadata metadata() {
    return metadata;
  }

  /** Returns the entry of each tensor, in the file's order. */
  public SequencedMap<String, GgufTensor> tensors() {
    SequencedMap<String, GgufTensor> out = new LinkedHashMap<>();
    tensors.forEach((name, p) -> out.put(name, p.tensor));
    return Collections.unmodifiableSequencedMap(out);
  }

  /** Returns whether there is a tensor of that name. */
  public boolean contains(String name) {
    return tensors.containsKey(name);
  }

  /**
   * Returns the entry of one tensor.
   *
   * @throws FileFormatException if there is no such tensor
   */
  public GgufTensor tensor(String name) throws FileFormatException {
    return placed(name).tensor;
  }

  /** Returns the shape of a tensor, rows last. */
  public Shape shape(String name) throws FileFormatException {
    return tensor(name).shape();
  }

  /**
   * Returns the numbers of one tensor in the file's own encoding and memory, which must not be
   * written to; a copy if the file has the other byte order than this machine's encodings.
   *
   * @throws FileFormatException if there is no such tensor, or its type has no known layout in the
   *     other byte order
   */
  public Storage storage(String name) throws FileFormatException {
    Placed p = placed(name);
    Encoding encoding = p.tensor.encoding();
    if (p.order == ByteOrder.LITTLE_ENDIAN) {
      return Storage.wrap(p.bytes, encoding, p.tensor.shape().elements());
    }
    int[] fields = encoding.wideFields();
    if (fields == null) {
      throw new FileFormatException(
          file,
          "tensor "
              + Quote.text(name)
              + " is of type "
              + encoding.ggufName()
              + ", which cannot be read from a big-endian file");
    }
    Storage swapped = Storage.allocate(encoding, p.tensor.shape().elements());
    MemorySegment.copy(p.bytes, 0, swapped.segment(), 0, p.bytes.byteSize());
    ByteSwap.swap(swapped.segment(), encoding.blockBytes(), fields);
    return swapped;
  }

  private Placed placed(String name) throws FileFormatException {
    Placed p = tensors.get(name);
    if (p == null) {
      throw new FileFormatException(
          file,
          "has no tensor "
              + Quote.text(name)
              + (tensors.isEmpty()
                  ? "; it has none at all"
                  : "; it has " + Quote.list(List.copyOf(tensors.keySet()), 5)));
    }
    return p;
  }
}
