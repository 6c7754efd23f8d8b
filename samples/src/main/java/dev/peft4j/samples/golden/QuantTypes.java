package dev.peft4j.samples.golden;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Float64;
import dev.peft4j.data.Storage;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.gguf.GgufTensor;
import dev.peft4j.io.SafeTensors;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** One type of tensors in GGUF: decoded, and encoded where the gguf package can, bit for bit. */
final class QuantTypes {
  private QuantTypes() {}

  static void run(QuantCase c) throws IOException {
    GgufFile file = GgufFile.open(c.file("t.gguf"));
    SafeTensors expected = SafeTensors.open(c.file("expected.safetensors"));
    c.same(
        "tensors",
        List.copyOf(file.tensors().keySet()),
        new ArrayList<>(ofFields(c.json().path("tensors"))));
    for (GgufTensor t : file.tensors().values()) {
      c.same("block of " + t.name(), t.encoding().blockValues(), c.json().path("block").asInt());
      c.same("bytes of " + t.name(), t.encoding().blockBytes(), c.json().path("bytes").asInt());
      c.same(
          "shape of " + t.name(),
          java.util.Arrays.stream(t.shape().toArray()).boxed().toList().toString(),
          ofNumbers(c.json().path("tensors").path(t.name())).toString());
      Storage found = file.storage(t.name());
      if (t.encoding().equals(new Float64())) { // float32 does not hold all of them
        byte[] wanted = bytes(expected.storage(t.name(), t.encoding()));
        c.sameBytes(t.name(), bytes(found), wanted);
        continue;
      }
      Storage wanted = expected.storage(t.name());
      if (wanted.dtype().isInteger()) {
        c.same(
            t.name(),
            java.util.Arrays.toString(found.toLongs()),
            java.util.Arrays.toString(wanted.toLongs()));
      } else {
        c.sameBits(t.name(), found.toFloats(), wanted.toFloats(), false);
      }
      String source = t.name() + ".source";
      Encoding encoding = t.encoding();
      if (expected.contains(source) && encoding.encodes()) {
        Storage encoded = expected.storage(source).copyAs(encoding);
        c.sameBytes(t.name() + " encoded", bytes(encoded), bytes(found));
      }
    }
  }

  private static List<Integer> ofNumbers(com.fasterxml.jackson.databind.JsonNode list) {
    return list.valueStream().map(com.fasterxml.jackson.databind.JsonNode::asInt).toList();
  }

  private static List<String> ofFields(com.fasterxml.jackson.databind.JsonNode node) {
    List<String> names = new ArrayList<>();
    node.fieldNames().forEachRemaining(names::add);
    return names;
  }

  static byte[] bytes(Storage s) {
    return s.segment().asSlice(0, s.bytes()).toArray(ValueLayout.JAVA_BYTE);
  }
}
