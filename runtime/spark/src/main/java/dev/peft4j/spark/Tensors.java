package dev.peft4j.spark;

import dev.peft4j.data.DType;
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

/** Float32 numbers outside the Java heap that travel between processes. */
public final class Tensors implements Externalizable {
  private static final long serialVersionUID = 1L;
  private static final int CHUNK = 1 << 20;

  private List<@Nullable Storage> values;

  /** Creates an empty list, to be read. */
  public Tensors() {
    this(List.of());
  }

  Tensors(List<@Nullable Storage> values) {
    this.values = values;
  }

  /** Returns the numbers; null where there are none. */
  List<@Nullable Storage> values() {
    return values;
  }

  @Override
  public void writeExternal(ObjectOutput out) throws IOException {
    out.writeInt(values.size());
    byte[] buffer = new byte[CHUNK];
    for (Storage s : values) {
      out.writeLong(s == null ? -1 : s.elements());
      if (s != null) {
        MemorySegment all = s.segment();
        for (long at = 0; at < s.bytes(); at += CHUNK) {
          int n = (int) Math.min(CHUNK, s.bytes() - at);
          MemorySegment.copy(all, ValueLayout.JAVA_BYTE, at, buffer, 0, n);
          out.write(buffer, 0, n);
        }
      }
    }
  }

  @Override
  public void readExternal(ObjectInput in) throws IOException {
    int count = in.readInt();
    List<@Nullable Storage> read = new ArrayList<>();
    byte[] buffer = new byte[CHUNK];
    for (int i = 0; i < count; i++) {
      long elements = in.readLong();
      if (elements < 0) {
        read.add(null);
        continue;
      }
      Storage s = Storage.allocate(DType.FLOAT32, elements);
      for (long at = 0; at < s.bytes(); at += CHUNK) {
        int n = (int) Math.min(CHUNK, s.bytes() - at);
        in.readFully(buffer, 0, n);
        MemorySegment.copy(buffer, 0, s.segment(), ValueLayout.JAVA_BYTE, at, n);
      }
      read.add(s);
    }
    values = read;
  }
}
