package dev.peft4j.gguf;

import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.Quote;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Holds that the tensors of a file are within it and share no bytes. Gaps between them are allowed.
 */
record TensorExtents(Path file, long alignment, long dataBytes) {
  void check(Map<String, GgufTensor> tensors) throws FileFormatException {
    List<GgufTensor> sorted = new ArrayList<>(tensors.values());
    sorted.sort(Comparator.comparingLong(GgufTensor::offset));
    GgufTensor before = null;
    for (GgufTensor t : sorted) {
      if (t.bytes() > dataBytes - t.offset()) {
        throw new FileFormatException(
            file,
            "tensor "
                + Quote.text(t.name())
                + " of "
                + t.bytes()
                + " bytes begins at byte "
                + t.offset()
                + " of the data, which has only "
                + dataBytes
                + " bytes; the file is truncated or damaged");
      }
      if (before != null && before.offset() + before.bytes() > t.offset()) {
        throw new FileFormatException(
            file,
            "the tensors "
                + Quote.text(before.name())
                + " and "
                + Quote.text(t.name())
                + " share bytes of the data");
      }
      before = t;
    }
  }
}
