package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.gguf.GgufArray;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.gguf.GgufTensor;
import dev.peft4j.gguf.GgufValue;
import dev.peft4j.gguf.GgufValueType;
import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** What {@code peft4j inspect} tells of a GGUF file. */
final class GgufInspection {
  private static final int SHOWN = 8;
  private static final int MAX_TEXT = 120;

  private GgufInspection() {}

  /**
   * Writes what is in a file; arrays of many values by their number.
   *
   * @param check whether every value is looked at
   */
  static void describe(Path path, ObjectNode found, boolean check) throws IOException {
    GgufFile file = GgufFile.open(path);
    found.put("kind", "gguf").put("version", file.version());
    found.put("byte_order", file.byteOrder().toString());
    ObjectNode metadata = found.putObject("metadata");
    for (Map.Entry<String, GgufValue> e : file.metadata().values().entrySet()) {
      put(metadata, e.getKey(), e.getValue());
    }
    long elements = 0;
    long bytes = 0;
    Map<String, Integer> types = new TreeMap<>();
    ArrayNode list = found.putArray("tensors");
    for (GgufTensor t : file.tensors().values()) {
      String type = String.valueOf(t.encoding().ggufName());
      ObjectNode one = list.addObject().put("name", t.name()).put("type", type);
      ArrayNode shape = one.putArray("shape");
      for (int d : t.shape().toArray()) {
        shape.add(d);
      }
      types.merge(type, 1, Integer::sum);
      elements += t.shape().elements();
      bytes += t.bytes();
      if (check) {
        requireFinite(path, file, t);
      }
    }
    found.put("parameters", elements).put("bytes", bytes);
    ObjectNode counts = found.putObject("types");
    types.forEach(counts::put);
  }

  private static void requireFinite(Path path, GgufFile file, GgufTensor t) throws IOException {
    float[] values = file.storage(t.name()).toFloats();
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new FileFormatException(
            path, "tensor '" + t.name() + "' has " + values[i] + " as value " + i);
      }
    }
  }

  private static void put(ObjectNode to, String key, GgufValue v) {
    switch (v.value()) {
      case GgufArray a when a.size() > SHOWN || a.of() == GgufValueType.ARRAY ->
          to.put(key, a.size() + " values of " + a.of());
      case GgufArray a -> to.put(key, a.values().toString());
      case String s when s.length() > MAX_TEXT ->
          to.put(key, s.substring(0, MAX_TEXT) + "... (" + s.length() + " characters)");
      case String s -> to.put(key, s);
      case Boolean b -> to.put(key, b);
      case Double d -> to.put(key, d);
      case Long n when v.type() == GgufValueType.UINT64 -> to.put(key, Long.toUnsignedString(n));
      case Long n -> to.put(key, n);
      default -> to.put(key, v.describe());
    }
  }
}
