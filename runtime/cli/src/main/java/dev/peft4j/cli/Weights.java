package dev.peft4j.cli;

import dev.peft4j.data.Storage;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** A check of a model's weights for numbers that are not finite. */
final class Weights {
  private Weights() {}

  /** Returns a module's weights by their names in files. */
  static Map<String, StoredTensor> of(Module module) {
    Map<String, StoredTensor> weights = new LinkedHashMap<>();
    for (NamedParameter p : module.namedParameters()) {
      weights.put(p.name(), new StoredTensor(p.parameter().shape(), p.parameter().own()));
    }
    return weights;
  }

  /**
   * Checks every value.
   *
   * @param folder the folder of the module
   * @throws FileFormatException if one is NaN or infinite, with its tensor
   */
  static void requireFinite(Path folder, Module module) throws FileFormatException {
    StoredTensor.requireFinite(folder, of(module));
  }

  /** Returns the weight that may have caused numbers that are not finite, in words. */
  static String suspect(Iterable<NamedParameter> parameters) {
    float largest = -1;
    String name = "";
    for (NamedParameter p : parameters) {
      Storage own = p.parameter().own();
      for (long i = 0; i < own.elements(); i++) {
        float v = Math.abs(own.floatAt(i));
        if (!Float.isFinite(v)) {
          return "weight '" + p.name() + "' has " + own.floatAt(i);
        }
        if (v > largest) {
          largest = v;
          name = p.name();
        }
      }
    }
    return "all weights are finite, the largest, " + largest + ", is in '" + name + "'";
  }
}
