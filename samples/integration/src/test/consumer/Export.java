package com.example.tuning;

import dev.peft4j.data.Rng;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes the base model, and what the adapted one computes, for another program to compare. */
public final class Export {
  private Export() {}

  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    var tensors = new LinkedHashMap<String, StoredTensor>();
    var base = Rng.with(7, () -> new Classifier(8, 2, 2));
    base.stateDict()
        .forEach(
            (name, p) -> tensors.put(name, StoredTensor.of(p.toFloats(), p.shape().toArray())));
    var model = Tuning.model();
    model.load(folder.resolve("adapter"));
    model.eval();
    var x = Tuning.batch(0).x();
    tensors.put("x", StoredTensor.of(x.toFloats(), x.shape().toArray()));
    var y = model.forward(x);
    tensors.put("y", StoredTensor.of(y.toFloats(), y.shape().toArray()));
    SafeTensors.write(folder.resolve("export.safetensors"), tensors, Map.of());
  }
}
