package dev.peft4j.cli;

import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** Copies of folders in which something is wrong. */
final class Tampered {
  private Tampered() {}

  /** A copy of a folder's files. */
  static Path copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path f : files.filter(Files::isRegularFile).toList()) {
        Files.copy(f, to.resolve(f.getFileName()));
      }
    }
    return to;
  }

  /** Replaces a tensor's values: {@code value} is the first, the rest are {@code others}. */
  static void fill(Path file, String tensor, float value, float... others) throws IOException {
    SafeTensors old = SafeTensors.open(file);
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (String name : old.names()) {
      StoredTensor t = old.tensor(name);
      float[] values = t.storage().toFloats();
      if (name.equals(tensor)) {
        values[0] = value;
        for (int i = 1; others.length > 0 && i < values.length; i++) {
          values[i] = others[(i - 1) % others.length];
        }
      }
      tensors.put(name, StoredTensor.of(values, t.shape().toArray()));
    }
    SafeTensors.write(file, tensors, old.metadata());
  }

  /** Leaves out the tensors whose names begin with {@code prefix}. */
  static void drop(Path file, String prefix) throws IOException {
    SafeTensors old = SafeTensors.open(file);
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (String name : old.names()) {
      if (!name.startsWith(prefix)) {
        StoredTensor t = old.tensor(name);
        tensors.put(name, StoredTensor.of(t.storage().toFloats(), t.shape().toArray()));
      }
    }
    SafeTensors.write(file, tensors, old.metadata());
  }
}
