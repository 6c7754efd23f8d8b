package com.example.tuning;

import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes what the adapted model computes, for another program to compare. */
public final class Export {
  private Export() {}

  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    var tensors = new LinkedHashMap<String, StoredTensor>();
    var model = Tuning.load(folder.resolve("base"), folder.resolve("adapter"));
    var x = Tuning.batch(0, 1).x();
    tensors.put("x", StoredTensor.of(x.toFloats(), x.shape().toArray()));
    var y = model.forward(x);
    tensors.put("y", StoredTensor.of(y.toFloats(), y.shape().toArray()));
    SafeTensors.write(folder.resolve("export.safetensors"), tensors, Map.of());
  }
}
