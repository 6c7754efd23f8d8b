package dev.peft4j.cli;

import dev.peft4j.data.Storage;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Looks at the weights of a model for numbers that are none. */
final class Weights {
  private Weights() {}

  /** A module's weights by name, as files have them. */
  static Map<String, StoredTensor> of(Module module) {
    Map<String, StoredTensor> weights = new LinkedHashMap<>();
    for (NamedParameter p : module.namedParameters()) {
      weights.put(p.name(), new StoredTensor(p.parameter().shape(), p.parameter().own()));
    }
    return weights;
  }

  /**
   * Looks at every value.
   *
   * @param folder where the module came from
   * @throws FileFormatException if one is NaN or infinite, naming its tensor
   */
  static void requireFinite(Path folder, Module module) throws FileFormatException {
    StoredTensor.requireFinite(folder, of(module));
  }

  /** The weight that may be the cause of numbers that are none, in words. */
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
