package dev.peft4j.train;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Variable;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.Optimizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * {@code optimizer.safetensors}: the state of each parameter, such as AdamW's running means, as
 * {@code INDEX.STATE} with the parameter's index in the optimizer.
 */
final class OptimizerFile {
  static final String FILE = "optimizer.safetensors";

  private OptimizerFile() {}

  static void write(Path folder, Optimizer optimizer) throws IOException {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    List<SequencedMap<String, Variable>> states = optimizer.states();
    for (int i = 0; i < states.size(); i++) {
      for (Map.Entry<String, Variable> e : states.get(i).entrySet()) {
        Variable v = e.getValue();
        tensors.put(i + "." + e.getKey(), new StoredTensor(v.shape(), v.storage()));
      }
    }
    SafeTensors.write(folder.resolve(FILE), tensors, Map.of());
  }

  /**
   * Returns the states in a file, by name for each parameter; nothing is changed.
   *
   * @throws FileFormatException if they do not belong to these parameters
   */
  static List<SequencedMap<String, Variable>> read(Path folder, Optimizer optimizer)
      throws IOException {
    Path path = folder.resolve(FILE);
    SafeTensors file = SafeTensors.open(path);
    List<SequencedMap<String, Variable>> states = new ArrayList<>();
    optimizer.parameters().forEach(_ -> states.add(new LinkedHashMap<>()));
    for (String key : file.names()) {
      int dot = key.indexOf('.');
      int index = index(key, dot, states.size());
      StoredTensor t = file.tensor(key);
      if (index < 0 || t.storage().dtype() != DType.FLOAT32) {
        throw new FileFormatException(
            path,
            "has the tensor '"
                + key
                + "' of "
                + t.storage().dtype()
                + ", expected states of "
                + states.size()
                + " parameters");
      }
      String state = key.substring(dot + 1);
      String owner = optimizer.parameters().get(index).name();
      states
          .get(index)
          .put(state, new Variable(owner + "." + state, t.storage().copy(), t.shape(), false));
    }
    return states;
  }

  /**
   * Returns the problem of states that have neither the shape of their parameter nor one element,
   * or null. Only if the model fits the checkpoint does it mean that the file is damaged.
   */
  static @Nullable FileFormatException misshaped(
      Path folder, List<SequencedMap<String, Variable>> states, Optimizer optimizer) {
    for (int i = 0; i < states.size(); i++) {
      Parameter parameter = optimizer.parameters().get(i);
      for (Map.Entry<String, Variable> e : states.get(i).entrySet()) {
        Shape shape = e.getValue().shape();
        if (!shape.equals(parameter.shape()) && shape.elements() != 1) {
          return new FileFormatException(
              folder.resolve(FILE),
              "has the state '%d.%s' of shape %s, the parameter '%s' has %s"
                  .formatted(i, e.getKey(), shape, parameter.name(), parameter.shape()));
        }
      }
    }
    return null;
  }

  private static int index(String key, int dot, int count) {
    try {
      int index = dot < 0 ? -1 : Integer.parseInt(key.substring(0, dot));
      return index < count ? index : -1;
    } catch (NumberFormatException _) {
      return -1;
    }
  }
}
