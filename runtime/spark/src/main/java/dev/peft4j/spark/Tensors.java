package dev.peft4j.spark;

import dev.peft4j.data.DType;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Storage;
import java.io.Externalizable;
import java.io.IOException;
import java.io.ObjectInput;
import java.io.ObjectOutput;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Float32 numbers outside the Java heap that travel between processes. Spark asks for a public
 * class; it is not for programs.
 */
public final class Tensors implements Externalizable {
  private static final long serialVersionUID = 1L;
  private static final int CHUNK = 1 << 20;
  private static final int HERE = -1;

  private List<@Nullable Storage> values;
  private GradientCompression compression = GradientCompression.NONE;
  private long step;

  /** Creates an empty list, to be read. */
  public Tensors() {
    this(List.of(), GradientCompression.NONE, 0);
  }

  /**
   * Creates a list that is to travel.
   *
   * @param step of {@link HandOver} if the receiver is in this process; else 0
   */
  Tensors(List<@Nullable Storage> values, GradientCompression compression, long step) {
    this.values = values;
    this.compression = compression;
    this.step = step;
  }

  /** Returns the numbers; null where there are none. */
  List<@Nullable Storage> values() {
    return values;
  }

  @Override
  public void writeExternal(ObjectOutput out) throws IOException {
    boolean whole = compression.kind() == GradientCompression.Kind.FLOAT32;
    if (step != 0 && whole) {
      out.writeInt(HERE);
      out.writeLong(HandOver.keep(step, values));
      return;
    }
    out.writeInt(values.size());
    out.writeObject(compression.kind());
    byte[] buffer = new byte[CHUNK];
    for (Storage s : values) {
      out.writeLong(s == null ? -1 : s.elements());
      if (s != null) {
        switch (compression.kind()) {
          case FLOAT32 -> write(s, out, buffer);
          case BFLOAT16 -> write(s.copyAs(Encodings.BFLOAT16), out, buffer);
          case LARGEST -> LargestNumbers.write(s, compression.part(), out);
        }
      }
    }
  }

  private static void write(Storage s, ObjectOutput out, byte[] buffer) throws IOException {
    MemorySegment all = s.segment();
    for (long at = 0; at < s.bytes(); at += CHUNK) {
      int n = (int) Math.min(CHUNK, s.bytes() - at);
      MemorySegment.copy(all, ValueLayout.JAVA_BYTE, at, buffer, 0, n);
      out.write(buffer, 0, n);
    }
  }

  @Override
  public void readExternal(ObjectInput in) throws IOException, ClassNotFoundException {
    int count = in.readInt();
    if (count == HERE) {
      values = HandOver.get(in.readLong());
      return;
    }
    GradientCompression.Kind kind = (GradientCompression.Kind) in.readObject();
    List<@Nullable Storage> read = new ArrayList<>();
    byte[] buffer = new byte[CHUNK];
    for (int i = 0; i < count; i++) {
      long elements = in.readLong();
      if (elements < 0) {
        read.add(null);
        continue;
      }
      switch (kind) {
        case FLOAT32 -> {
          Storage s = Storage.allocate(DType.FLOAT32, elements);
          read(s, in, buffer);
          read.add(s);
        }
        case BFLOAT16 -> {
          Storage s = Storage.allocate(Encodings.BFLOAT16, elements);
          read(s, in, buffer);
          read.add(s.copyAs(Encodings.FLOAT32));
        }
        case LARGEST -> read.add(LargestNumbers.read(elements, in));
      }
    }
    values = read;
  }

  private static void read(Storage s, ObjectInput in, byte[] buffer) throws IOException {
    for (long at = 0; at < s.bytes(); at += CHUNK) {
      int n = (int) Math.min(CHUNK, s.bytes() - at);
      in.readFully(buffer, 0, n);
      MemorySegment.copy(buffer, 0, s.segment(), ValueLayout.JAVA_BYTE, at, n);
    }
  }
}
