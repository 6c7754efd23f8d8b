package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.Transformers;
import java.io.IOException;
import java.util.Map;
import java.util.Set;

/** Models in GGUF: their weights under Hugging Face's names, and the logits. */
final class QuantModels {
  private static final double TOLERANCE = 1e-5;
  private static final String LOGITS = "logits.";

  private QuantModels() {}

  static void run(QuantCase c) throws IOException {
    SafeTensors io = SafeTensors.open(c.file("io.safetensors"));
    JsonNode names = QuantCase.read(c.file("names.json"));
    Difference logits = Difference.scaled("logits", TOLERANCE);
    c.add(logits);
    for (String key : io.names()) {
      if (!key.startsWith(LOGITS) || key.equals("logits.source")) {
        continue;
      }
      String kind = key.substring(LOGITS.length());
      CausalLm model = Transformers.causalLm(c.file(kind + ".gguf"));
      Map<String, ModuleTensor> state = model.stateDict();
      for (Map.Entry<String, JsonNode> e : names.properties()) {
        if (!state.containsKey(e.getValue().path(0).asText())) {
          c.fail(kind + ": no weight " + e.getValue().path(0).asText());
        }
      }
      c.same(kind + " weights", Set.copyOf(state.keySet()).size() >= names.size(), true);
      Tensor ids = Tensor.of(io.storage("input_ids"), io.info("input_ids").shape());
      if (c.json().has("texts")) {
        QuantTokenizers.texts(c, c.file(kind + ".gguf"), c.json().path("texts"));
      }
      logits.add(key, model.forward(ids), Tensor.of(io.storage(key), io.info(key).shape()));
    }
  }
}
