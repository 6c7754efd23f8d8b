package dev.peft4j.tuner;

import dev.peft4j.nn.LayerAdapter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.Map;

/** The adapter of one layer. */
public interface TunerLayer extends LayerAdapter {
  /**
   * A parameter of the adapter. In memory it is called {@code path.group.adapter.suffix}, on disk {@code path.group.suffix};
   * an empty suffix is left out.
   */
  record Entry(String group, String suffix, Parameter parameter) {}

  /** The parameters, in peft's order. */
  List<Entry> parameters();

  /** For each of the layer's own parameters that merging changes, the merged value. */
  Map<Parameter, Tensor> merged();
}
