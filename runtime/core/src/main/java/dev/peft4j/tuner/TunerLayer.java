package dev.peft4j.tuner;

import dev.peft4j.data.Rng;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.LayerAdapter;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleText;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The adapter of one layer. */
public interface TunerLayer extends LayerAdapter {
  /**
   * A parameter of the adapter. In memory it is called {@code path.group.adapter.suffix}, on disk
   * {@code path.group.fileSuffix}; an empty suffix is left out.
   *
   * @param shared whether all layers of the adapter have it, from {@link
   *     TunerContext#sharedParameter}; then it is on disk once, as {@code base_model.group}
   * @param trained whether it is trained; else it stays frozen
   * @param saved whether files have it
   */
  record Entry(
      String group,
      String suffix,
      String fileSuffix,
      Parameter parameter,
      boolean shared,
      boolean trained,
      boolean saved) {
    /** Creates a trained parameter of one layer or, if shared, of all. */
    public Entry(
        String group, String suffix, String fileSuffix, Parameter parameter, boolean shared) {
      this(group, suffix, fileSuffix, parameter, shared, true, true);
    }

    /** Creates a parameter of one layer. */
    public Entry(String group, String suffix, String fileSuffix, Parameter parameter) {
      this(group, suffix, fileSuffix, parameter, false);
    }

    /** Returns a parameter that is not trained, and is saved or made anew. */
    public static Entry frozen(String group, String suffix, Parameter parameter, boolean saved) {
      return new Entry(group, suffix, suffix, parameter, false, false, saved);
    }

    /** Creates a parameter of one layer, with the same suffix in memory and on disk. */
    public Entry(String group, String suffix, Parameter parameter) {
      this(group, suffix, suffix, parameter, false);
    }

    /** Returns a parameter that all layers of the adapter have. */
    public static Entry shared(String group, Parameter parameter) {
      return new Entry(group, "", "", parameter, true);
    }
  }

  /**
   * A tensor of the adapter that is saved, but never trained; named as a parameter is.
   *
   * @param shared whether all layers of the adapter have it, from {@link TunerContext#sharedBuffer}
   * @param optional whether files may lack it; it keeps its first value then
   */
  record Constant(String group, String suffix, Buffer buffer, boolean shared, boolean optional) {
    /** Creates a tensor that files have. */
    public Constant(String group, String suffix, Buffer buffer, boolean shared) {
      this(group, suffix, buffer, shared, false);
    }

    /** Returns a tensor that all layers of the adapter have. */
    public static Constant shared(String group, Buffer buffer) {
      return new Constant(group, "", buffer, true);
    }
  }

  /**
   * A part of the adapter as peft prints it.
   *
   * @param name of the group, for example {@code lora_A}
   * @param container peft's kind of group: {@code ModuleDict} or {@code ParameterDict}
   * @param text the part, or null where this adapter has none and peft shows the empty group
   */
  record Part(String name, String container, @Nullable String text) {}

  /**
   * Returns the parts that {@code toString()} of a model shows; its parameters unless overridden.
   */
  default List<Part> parts() {
    return parameters().stream()
        .map(e -> new Part(e.group(), "ParameterDict", text(e.parameter())))
        .toList();
  }

  /**
   * Returns the adapted layer as peft prints it.
   *
   * @param type what peft calls it, for example {@code lora.Linear}
   * @param parts the layer itself as {@code base_layer}, and what all its adapters have
   */
  default String text(String type, SequencedMap<String, String> parts) {
    return ModuleText.block(type, "", parts);
  }

  /** Returns a parameter as peft prints it. */
  static String text(Parameter p) {
    String size =
        Arrays.stream(p.shape().toArray())
            .mapToObj(Integer::toString)
            .collect(Collectors.joining("x"));
    return "Parameter containing: [torch.FloatTensor of size " + size + "]";
  }

  /** Returns the parameters, in peft's order. */
  List<Entry> parameters();

  /** Returns the tensors that are saved, but never trained. */
  default List<Constant> constants() {
    return List.of();
  }

  /**
   * Returns the name in memory of a parameter that does not go by its layer's path, such as one of
   * the whole model; null for the usual name.
   */
  default @Nullable String inMemory(Entry entry, String adapter) {
    return null;
  }

  /** Returns the key on disk of a parameter that does not go by its layer's path; else null. */
  default @Nullable String key(Entry entry) {
    return null;
  }

  /**
   * Returns a parameter as a file has it: all of it, unless training has decided that parts of it
   * do not count, or a file holds something that is computed from it. Null if only checkpoints hold
   * it.
   */
  default @Nullable StoredTensor stored(Entry entry) {
    return new StoredTensor(entry.parameter().shape(), entry.parameter().own());
  }

  /** Returns whether files may lack a parameter, which keeps its first value then. */
  default boolean isOptional(Entry entry) {
    return false;
  }

  /** Returns the merged value of each of the layer's own parameters that merging changes. */
  Map<Parameter, Tensor> merged();

  /**
   * Returns the parameters of the base that it adapts by themselves, wherever they are read; then
   * it does not act around a layer, and {@link #forward} is not called. Empty for the adapter of a
   * layer.
   */
  default List<Parameter> adaptedParameters() {
    return List.of();
  }

  /**
   * Returns one of {@link #adaptedParameters} as this adapter changes it.
   *
   * @param value the parameter, changed by other adapters already
   */
  default Tensor adapted(Parameter p, Tensor value) {
    return value;
  }

  /**
   * Returns the names of the children whose parameters it adapts: peft names these children as
   * layers with adapters, too.
   */
  default Set<String> adaptedChildren() {
    return Set.of();
  }

  /**
   * Returns factors whose product is what the adapter adds to the layer's weight, if it has such by
   * itself; else null.
   */
  default WeightChange.@Nullable Factors lowRankFactors() {
    return null;
  }

  /**
   * Returns whether peft names what is in the module below {@link #baseName}, in front of the
   * adapter's parameters.
   */
  default boolean isAroundChildren() {
    return !adaptedParameters().isEmpty();
  }

  /** Returns what peft puts in front of the names of a module's children; empty for nothing. */
  default String childPrefix() {
    return "";
  }

  /** Returns what peft calls the layer itself beside its adapters, in names of parameters. */
  default String baseName() {
    return "base_layer";
  }

  /** Returns the random generators that training draws from, such as for dropout. */
  default List<Rng> generators() {
    return List.of();
  }

  /**
   * Tells that a value from the adapter's file stands for a parameter of the base from now on; of
   * interest to an adapter that was made from the base's own.
   */
  default void baseGiven(Parameter original, Parameter value) {}

  /**
   * Returns whether it computes with something that was made from the base's weights besides its
   * parameters, such as a part that it takes off them.
   */
  default boolean keepsOfBase() {
    return false;
  }

  /** Returns the rank of what it adds to the layer's weight; 0 if it has none. */
  default int rank() {
    return 0;
  }

  /**
   * Tells that the base's weights were replaced for good; of interest to an adapter that keeps
   * something that was made from them besides its parameters.
   *
   * @param again what would be attached to the layer now, to take that from
   */
  default void rebased(TunerLayer again) {}

  /**
   * Returns why it cannot compute with the values that it has, as a sentence that names the weight;
   * null if it can.
   */
  default @Nullable String problem() {
    return null;
  }

  /**
   * Returns the adapter of another layer that holds the same weight, with the same parameters; its
   * merged weight is the same. Null if there is no such thing, so that the layers cannot share.
   */
  default @Nullable TunerLayer tied(Module other) {
    return null;
  }

  /**
   * Returns an adapter of its own for another layer that holds the same weight, whose parameters
   * have the values of this one's; null if there is none. Unlike with {@link #tied}, each of the
   * two has gradients of its own.
   */
  default @Nullable TunerLayer twin(Module other) {
    return null;
  }

  /** Returns whether it was made by {@link #twin}, so that its values follow another one's. */
  default boolean isTwin() {
    return false;
  }

  /** Returns whether files have the layer's own weight, too. */
  default boolean isSavedWithBase() {
    return false;
  }

  /**
   * Returns whether files have the parameters once more under the path of each layer that shares
   * them, see {@link #tied}; readers take them from either place.
   */
  default boolean isSavedForTied() {
    return false;
  }

  /**
   * Returns why it cannot act together with another adapter's on the same layer, as the end of a
   * sentence about the two; null if it can.
   */
  default @Nullable String clash(TunerLayer other) {
    return null;
  }
}
