package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.gguf.GgufTensor;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.GgufAdapter;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/** LoRA as GGUF, both ways, over a model in GGUF. */
final class QuantGgufLora {
  private static final double TOLERANCE = 1e-5;

  private QuantGgufLora() {}

  static void run(QuantCase c) throws IOException {
    SafeTensors io = SafeTensors.open(c.file("io.safetensors"));
    Path base = c.folder().resolveSibling(c.json().path("base").asText());
    if (!Files.exists(base)) {
      c.fail("the base is not there: " + base);
      return;
    }
    Difference logits = Difference.scaled("logits", TOLERANCE);
    c.add(logits);
    Tensor ids = Tensor.of(io.storage("input_ids"), io.info("input_ids").shape());
    for (Map.Entry<String, JsonNode> e : c.json().path("adapters").properties()) {
      String tag = e.getKey();
      String key = "logits." + tag;
      Tensor expected = Tensor.of(io.storage(key), io.info(key).shape());
      Path file = c.file("adapter-" + tag + ".gguf");

      CausalLm model = Transformers.causalLm(base);
      AdaptedModel<CausalLm> adapted = PeftModel.load(model, c.file("adapter-" + tag));
      logits.add(key, model.forward(ids), expected);
      Path written = Files.createTempFile("peft4j-golden", ".gguf");
      try {
        adapted.exportGguf(written);
        compare(c, tag, GgufFile.open(written), GgufFile.open(file));
      } finally {
        Files.delete(written);
      }

      CausalLm second = Transformers.causalLm(base);
      GgufAdapter.load(second, file);
      logits.add(key + " from GGUF", second.forward(ids), expected);
    }
  }

  private static void compare(QuantCase c, String tag, GgufFile found, GgufFile expected)
      throws IOException {
    for (String key : Set.of("general.type", "general.architecture", "adapter.type")) {
      c.same(tag + " " + key, found.metadata().string(key), expected.metadata().string(key));
    }
    String alpha = "adapter.lora.alpha";
    c.same(
        tag + " alpha",
        String.valueOf(found.metadata().get(alpha)),
        String.valueOf(expected.metadata().get(alpha)));
    c.same(tag + " tensors", found.tensors().keySet(), expected.tensors().keySet());
    for (GgufTensor t : expected.tensors().values()) {
      if (found.contains(t.name())) {
        c.same(tag + " " + t.name(), found.shape(t.name()), t.shape());
        c.sameBits(
            tag + " " + t.name(),
            found.storage(t.name()).toFloats(),
            expected.storage(t.name()).toFloats(),
            false);
      }
    }
  }
}
