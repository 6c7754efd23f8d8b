package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.gguf.GgufArray;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.gguf.GgufValue;
import dev.peft4j.gguf.GgufValueType;
import dev.peft4j.io.SafeTensors;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Headers of GGUF files: every type of metadata, versions, byte orders, alignments, splits. */
final class QuantHeaders {
  private QuantHeaders() {}

  static void metadata(QuantCase c) throws IOException {
    JsonNode all = QuantCase.read(c.file("metadata.json"));
    SafeTensors expected = SafeTensors.open(c.file("expected.safetensors"));
    for (Map.Entry<String, JsonNode> f : c.json().path("files").properties()) {
      GgufFile file = GgufFile.open(c.file(f.getKey()));
      JsonNode about = f.getValue();
      c.same(f.getKey() + " version", file.version(), about.path("version").asInt());
      c.same(
          f.getKey() + " order",
          file.byteOrder(),
          about.path("byte_order").asText().equals("big")
              ? ByteOrder.BIG_ENDIAN
              : ByteOrder.LITTLE_ENDIAN);
      int found = 0;
      for (JsonNode values : List.of(all, about.path("extra"))) {
        for (Map.Entry<String, JsonNode> e : values.properties()) {
          GgufValue v = file.metadata().get(e.getKey());
          if (v != null) {
            found++;
            compare(c, f.getKey() + " " + e.getKey(), v, e.getValue());
          } else if (!e.getKey().contains("nested") || !f.getKey().equals("no-nested.gguf")) {
            c.fail(f.getKey() + " has no " + e.getKey());
          }
        }
      }
      c.same(f.getKey() + " entries", file.metadata().values().size(), found);
      List<String> names = List.copyOf(file.tensors().keySet());
      c.same(f.getKey() + " tensors", names.toString(), texts(about.path("tensors")).toString());
      for (String name : names) {
        float[] wanted = expected.storage(name).toFloats();
        c.sameBits(f.getKey() + " " + name, file.storage(name).toFloats(), wanted, false);
      }
    }
  }

  private static List<String> texts(JsonNode list) {
    return list.valueStream().map(JsonNode::asText).toList();
  }

  private static void compare(QuantCase c, String what, GgufValue found, JsonNode expected) {
    c.same(what + " type", found.type().toString(), expected.path("type").asText());
    if (found.value() instanceof GgufArray array) {
      array(c, what, array, expected);
    } else {
      c.same(what, text(found.type(), found.value()), json(found.type(), expected.path("value")));
    }
  }

  private static void array(QuantCase c, String what, GgufArray found, JsonNode expected) {
    c.same(what + " of", found.of().toString(), expected.path("of").asText());
    JsonNode values = expected.path("value");
    c.same(what + " size", found.size(), values.size());
    for (int i = 0; i < Math.min(found.size(), values.size()); i++) {
      if (found.values().get(i) instanceof GgufArray inner) {
        array(c, what + "[" + i + "]", inner, values.get(i));
      } else {
        c.same(
            what + "[" + i + "]",
            text(found.of(), found.values().get(i)),
            json(found.of(), values.get(i)));
      }
    }
  }

  private static String text(GgufValueType type, Object value) {
    return type == GgufValueType.UINT64
        ? Long.toUnsignedString((Long) value)
        : String.valueOf(value).toLowerCase(Locale.ROOT).replace("infinity", "inf");
  }

  private static String json(GgufValueType type, JsonNode value) {
    return type.isFloat() && value.isNumber()
        ? String.valueOf(value.doubleValue()).toLowerCase(Locale.ROOT)
        : value.asText().toLowerCase(Locale.ROOT);
  }

  /** All tensors of all parts, whichever is opened; without one of them an error names it. */
  static void split(QuantCase c) throws IOException {
    SafeTensors io = SafeTensors.open(c.file("io.safetensors"));
    List<String> parts = texts(c.json().path("files"));
    List<String> names =
        c.json().path("tensors").valueStream().flatMap(n -> texts(n).stream()).toList();
    for (String part : parts) {
      GgufFile file = GgufFile.open(c.file(part));
      c.same(part, List.copyOf(file.tensors().keySet()), names);
      c.same(part + " metadata", file.metadata().contains("general.architecture"), true);
      for (String name : names) {
        if (io.contains(name)) {
          c.sameBits(name, file.storage(name).toFloats(), io.storage(name).toFloats(), false);
        }
      }
    }
    Path alone = Files.createTempDirectory("peft4j-golden");
    Path copy = alone.resolve(parts.getFirst());
    try {
      Files.copy(c.file(parts.getFirst()), copy);
      GgufFile.open(copy);
      c.fail("a missing part is not an error");
    } catch (dev.peft4j.io.FileFormatException e) {
      if (!String.valueOf(e.getMessage()).contains(parts.get(1))) {
        c.fail("the missing part is not named: " + e.getMessage());
      }
    } finally {
      Files.deleteIfExists(copy);
      Files.delete(alone);
    }
  }
}
