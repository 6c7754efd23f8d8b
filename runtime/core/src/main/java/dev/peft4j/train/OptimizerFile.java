package dev.peft4j.train;

import dev.peft4j.data.DType;
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

/**
 * {@code optimizer.safetensors}: the state of each parameter, such as AdamW's running means, as
 * {@code INDEX.STATE} with the parameter's place in the optimizer.
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
   * The states in a file, for each parameter by name; nothing is changed.
   *
   * @throws FileFormatException if they are not of these parameters
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
      Parameter parameter = optimizer.parameters().get(index);
      String owner = parameter.name();
      if (!t.shape().equals(parameter.shape()) && t.shape().elements() != 1) {
        throw new FileFormatException(
            path,
            "has the state '"
                + key
                + "' of shape "
                + t.shape()
                + ", the parameter '"
                + owner
                + "' has "
                + parameter.shape());
      }
      states
          .get(index)
          .put(state, new Variable(owner + "." + state, t.storage().copy(), t.shape(), false));
    }
    return states;
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
