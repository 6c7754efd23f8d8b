package dev.peft4j.io;

import dev.peft4j.data.Encoding;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** The layout of tensors in a safetensors file, as the reference implementation writes it. */
final class SafeTensorsWriter implements AtomicFiles.Content {
  /** The largest part of a segment that a buffer can view: 2 GiB. */
  private static final long CHUNK = 1L << 28;

  private final List<Map.Entry<String, StoredTensor>> tensors;
  private final byte[] header;

  SafeTensorsWriter(Map<String, StoredTensor> tensors, Map<String, String> metadata) {
    Comparator<Map.Entry<String, StoredTensor>> widestFirst =
        Comparator.comparing((Map.Entry<String, StoredTensor> e) -> type(e)).reversed();
    this.tensors =
        tensors.entrySet().stream()
            .map(e -> Map.entry(e.getKey(), e.getValue()))
            .sorted(widestFirst.thenComparing(Map.Entry::getKey, Utf16.BY_CODE_POINT))
            .toList();
    this.header = header(metadata);
  }

  @Override
  public void writeTo(WritableByteChannel out) throws IOException {
    if (header.length > SafeTensors.MAX_HEADER) {
      throw new IOException(
          "the header would have "
              + header.length
              + " bytes, at most "
              + SafeTensors.MAX_HEADER
              + " can be read again");
    }
    ByteBuffer start =
        ByteBuffer.allocate(8 + header.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(header.length)
            .put(header)
            .flip();
    AtomicFiles.writeFully(out, start);
    for (Map.Entry<String, StoredTensor> e : tensors) {
      StoredTensor t = e.getValue();
      MemorySegment s = t.storage().segment();
      long size = bytes(t);
      for (long at = 0; at < size; at += CHUNK) {
        AtomicFiles.writeFully(out, s.asSlice(at, Math.min(CHUNK, size - at)).asByteBuffer());
      }
    }
  }

  private byte[] header(Map<String, String> metadata) {
    StringBuilder out = new StringBuilder("{");
    if (!metadata.isEmpty()) {
      text(out, SafeTensorsHeader.METADATA);
      String separator = ":{";
      for (Map.Entry<String, String> e : metadata.entrySet()) {
        out.append(separator);
        text(out, e.getKey());
        out.append(':');
        text(out, e.getValue());
        separator = ",";
      }
      out.append("},");
    }
    long offset = 0;
    for (Map.Entry<String, StoredTensor> e : tensors) {
      if (e.getKey().equals(SafeTensorsHeader.METADATA)) {
        throw new IllegalArgumentException(
            "a tensor cannot be called __metadata__: the format reserves that name for texts");
      }
      text(out, e.getKey());
      out.append(":{\"dtype\":\"").append(type(e)).append("\",\"shape\":[");
      int[] dims = e.getValue().shape().toArray();
      for (int i = 0; i < dims.length; i++) {
        out.append(i == 0 ? "" : ",").append(dims[i]);
      }
      out.append("],\"data_offsets\":[").append(offset).append(',');
      offset += bytes(e.getValue());
      out.append(offset).append("]},");
    }
    if (out.charAt(out.length() - 1) == ',') {
      out.setLength(out.length() - 1);
    }
    byte[] json = out.append('}').toString().getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  private static void text(StringBuilder out, String s) {
    if (!Utf16.isWellFormed(s)) {
      throw new IllegalArgumentException(
          "a name in a safetensors file must be valid Unicode, found half a surrogate pair in "
              + Quote.text(s));
    }
    PythonJson.quote(out, s, false);
  }

  private static TensorType type(Map.Entry<String, StoredTensor> tensor) {
    Encoding encoding = tensor.getValue().storage().encoding();
    TensorType type = TensorType.of(encoding);
    if (type == null) {
      throw new IllegalArgumentException(
          Quote.text(tensor.getKey())
              + " is held as "
              + encoding
              + ", which safetensors files have no type for; hold it as FLOAT32 first, with"
              + " to(FLOAT32)");
    }
    return type;
  }

  private static long bytes(StoredTensor t) {
    return t.storage().bytes();
  }
}
