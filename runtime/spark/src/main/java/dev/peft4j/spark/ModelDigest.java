package dev.peft4j.spark;

import dev.peft4j.data.Storage;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Trainable;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/** Checksums of the parts of a model that are not trained, of all their bytes. */
final class ModelDigest {
  private static final long CHUNK = 1L << 30;

  private ModelDigest() {}

  /** Returns a line for each frozen parameter: name, shape, encoding and checksum. */
  static List<String> of(Trainable model) {
    List<String> lines = new ArrayList<>();
    for (NamedParameter p : model.namedParameters()) {
      if (!p.parameter().trainable()) {
        Storage own = p.parameter().own();
        lines.add(
            p.name()
                + " "
                + p.parameter().shape()
                + " "
                + own.encoding()
                + " "
                + Long.toHexString(checksum(own.segment())));
      }
    }
    return lines;
  }

  /** Returns one checksum of texts. */
  static long of(List<String> lines) {
    CRC32C sum = new CRC32C();
    for (String line : lines) {
      sum.update((line + "\n").getBytes(StandardCharsets.UTF_8));
    }
    return sum.getValue();
  }

  private static long checksum(MemorySegment all) {
    CRC32C sum = new CRC32C();
    for (long at = 0; at < all.byteSize(); at += CHUNK) {
      sum.update(all.asSlice(at, Math.min(CHUNK, all.byteSize() - at)).asByteBuffer());
    }
    return sum.getValue();
  }

  /** Returns the first line that differs, in words. */
  static String difference(List<String> expected, List<String> found) {
    for (int i = 0; i < Math.min(expected.size(), found.size()); i++) {
      if (!expected.get(i).equals(found.get(i))) {
        return "'" + found.get(i) + "', the driver has '" + expected.get(i) + "'";
      }
    }
    return found.size() + " frozen parameters, the driver has " + expected.size();
  }
}
