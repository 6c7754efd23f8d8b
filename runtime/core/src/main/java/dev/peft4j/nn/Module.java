package dev.peft4j.nn;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.NonFiniteException;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.NodeWatch;
import dev.peft4j.target.Names;
import dev.peft4j.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * A part of a model: it holds parameters, buffers and other modules in its fields. They are found
 * without registration: fields of a module or parameter type, lists and maps of them, and records
 * that contain them, in declaration order, superclass first.
 *
 * <p>A field's name in checkpoints is its Java name in snake case ({@code qProj} is {@code
 * q_proj}), or the value of {@link dev.peft4j.annotation.CheckpointName}; elements of lists are
 * numbered, and entries of maps have their keys as names.
 */
public abstract class Module implements Trainable {
  private volatile boolean training = true;

  /** The adapted models that have this module in their base. */
  volatile OverlaySource[] sources = Overlays.NONE;

  /** Creates a module. */
  protected Module() {}

  /** Returns the modules that are direct children, by name. */
  public SequencedMap<String, Module> children() {
    SequencedMap<String, Module> children = new LinkedHashMap<>();
    ModuleFields.visit(
        this,
        (name, value) -> {
          if (value instanceof Module m) {
            children.put(name, m);
          }
        });
    return children;
  }

  /**
   * Returns the names of the children that {@link dev.peft4j.annotation.OutputHead} marks: {@code
   * all-linear} leaves them out.
   */
  public Set<String> outputHeads() {
    return ModuleFields.outputHeads(getClass());
  }

  /** Returns the parameters of this module itself, by name. */
  public SequencedMap<String, Parameter> ownParameters() {
    SequencedMap<String, Parameter> own = new LinkedHashMap<>();
    ModuleFields.visit(
        this,
        (name, value) -> {
          if (value instanceof Parameter p) {
            own.put(name, p);
          }
        });
    return own;
  }

  /** Returns the buffers of this module itself, by name. */
  public SequencedMap<String, Buffer> ownBuffers() {
    SequencedMap<String, Buffer> own = new LinkedHashMap<>();
    ModuleFields.visit(
        this,
        (name, value) -> {
          if (value instanceof Buffer b) {
            own.put(name, b);
          }
        });
    return own;
  }

  /**
   * Returns the random generators in fields of this module and those below it, by path, such as
   * that of a {@link Dropout}; their state is part of a checkpoint.
   */
  public SequencedMap<String, Rng> generators() {
    SequencedMap<String, Rng> found = new LinkedHashMap<>();
    for (NamedModule m : namedModules()) {
      ModuleFields.visit(
          m.module(),
          (name, value) -> {
            if (value instanceof Rng rng) {
              found.put(Names.join(m.name(), name), rng);
            }
          });
    }
    return found;
  }

  /**
   * Returns this module and all below it with their paths, parents first; a module that is reached
   * twice is listed once.
   */
  public List<NamedModule> namedModules() {
    List<NamedModule> found = new ArrayList<>();
    walk(
        "",
        this,
        Collections.newSetFromMap(new IdentityHashMap<>()),
        (name, m) -> found.add(new NamedModule(name, m)));
    return found;
  }

  private static void walk(
      String path, Module m, Set<Module> seen, BiConsumer<String, Module> visitor) {
    if (!seen.add(m)) {
      return;
    }
    visitor.accept(path, m);
    m.children()
        .forEach(
            (name, child) -> walk(path.isEmpty() ? name : path + "." + name, child, seen, visitor));
  }

  /**
   * Returns all parameters with their paths, in torch's order: a module's own, then its children's;
   * one that is reached twice (tied weights) is listed once.
   */
  @Override
  public List<NamedParameter> namedParameters() {
    List<NamedParameter> found = new ArrayList<>();
    Set<Parameter> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (NamedModule m : namedModules()) {
      m.module()
          .ownParameters()
          .forEach(
              (name, p) -> {
                if (seen.add(p)) {
                  found.add(
                      new NamedParameter(m.name().isEmpty() ? name : m.name() + "." + name, p));
                }
              });
    }
    return found;
  }

  /** Returns all buffers with their paths; one that is reached twice is listed once. */
  public List<NamedBuffer> namedBuffers() {
    List<NamedBuffer> found = new ArrayList<>();
    Set<Buffer> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (NamedModule m : namedModules()) {
      m.module()
          .ownBuffers()
          .forEach(
              (name, b) -> {
                if (seen.add(b)) {
                  found.add(new NamedBuffer(Names.join(m.name(), name), b));
                }
              });
    }
    return found;
  }

  /** Returns all parameters. */
  public List<Parameter> parameters() {
    return namedParameters().stream().map(NamedParameter::parameter).toList();
  }

  /** Returns the parameters that receive gradients. */
  @Override
  public List<Parameter> trainableParameters() {
    return parameters().stream().filter(Parameter::trainable).toList();
  }

  /** Turns gradients off for every parameter of this module and those below it. */
  public void freeze() {
    for (NamedParameter p : namedParameters()) {
      p.parameter().freeze();
    }
  }

  /** Turns gradients on for every parameter of this module and those below it. */
  public void unfreeze() {
    for (NamedParameter p : namedParameters()) {
      p.parameter().unfreeze();
    }
  }

  /**
   * Holds the weights of this module and those below it in another encoding: torch's {@code
   * Module.to}. They take less memory and are frozen; what is computed with them is computed in
   * float32. Adapters attached before or after stay float32, and so do buffers.
   *
   * <p>An encoding of blocks, such as {@code Q8_0}, is for weights that are a matrix of a {@link
   * WeightedLayer} ({@link Linear}, {@link Embedding}); other parameters stay as they are.
   *
   * @param encoding one of floating-point numbers, such as {@link
   *     dev.peft4j.data.Encodings#BFLOAT16}
   * @throws IllegalArgumentException if it is one of integers
   * @throws dev.peft4j.data.ShapeException if rows of a weight are not whole blocks; nothing is
   *     changed, and all such weights are listed
   * @throws UnsupportedOperationException if the encoding can only be read
   */
  public Module to(Encoding encoding) {
    Set<Parameter> taken = parametersFor(encoding);
    List<String> unfit = new ArrayList<>();
    for (NamedParameter p : namedParameters()) {
      if (taken.contains(p.parameter()) && !encoding.fits(p.parameter().shape())) {
        unfit.add(p.name() + " " + p.parameter().shape());
      }
    }
    if (!unfit.isEmpty()) {
      throw new ShapeException(
          "rows of "
              + String.join(", ", unfit)
              + " are not a multiple of "
              + encoding.blockValues()
              + " values, which is a block of "
              + encoding
              + "; hold other modules, or these in another encoding");
    }
    taken.forEach(p -> p.to(encoding));
    return this;
  }

  /** Returns the parameters that an encoding is for: those that {@link #to} changes. */
  public Set<Parameter> parametersFor(Encoding encoding) {
    Set<Parameter> taken = Collections.newSetFromMap(new IdentityHashMap<>());
    if (!encoding.hasBlocks()) {
      taken.addAll(parameters());
      return taken;
    }
    for (NamedModule m : namedModules()) {
      if (m.module() instanceof WeightedLayer layer && layer.weight().shape().rank() == 2) {
        taken.add(layer.weight());
      }
    }
    return taken;
  }

  /**
   * Puts this module and those below it into training mode: dropout is active. New modules are in
   * training mode, as in torch.
   *
   * <p>In the base of an adapted model the mode belongs to the adapted model, not to the module: it
   * is set on this thread, for every adapted model of this base, or, within a call of one, for that
   * one. See {@link Modes}.
   */
  public Module train() {
    return mode(true);
  }

  /**
   * Puts this module and those below it into evaluation mode: dropout does nothing.
   *
   * <p>In the base of an adapted model the mode is set for this thread, and for those that have not
   * used the model yet; for every adapted model of this base, or, within a call of one, for that
   * one.
   */
  public Module eval() {
    return mode(false);
  }

  private Module mode(boolean on) {
    Modes.set(namedModules().stream().map(NamedModule::module).toList(), on);
    return this;
  }

  /**
   * Returns whether this module is in training mode; in the base of an adapted model, in that of
   * the adapted model it is called for.
   */
  public boolean training() {
    return sources.length == 0 ? training : Modes.training(this);
  }

  /** Returns the mode of the module when it does not belong to an adapted model. */
  boolean ownMode() {
    return training;
  }

  void ownMode(boolean on) {
    training = on;
  }

  /**
   * Returns the generator to draw from in place of one that this module holds: the same one or, in
   * the base of an adapted model, a copy that belongs to the adapters that are trained. So training
   * does not depend on what other threads draw. Custom layers that draw random numbers in training
   * mode must call this.
   */
  public Rng generator(Rng own) {
    return sources.length == 0 ? own : Modes.generator(this, own);
  }

  /**
   * Returns all parameters and then all buffers by path; the tensors are the parameters and buffers
   * themselves, not copies.
   */
  public SequencedMap<String, ModuleTensor> stateDict() {
    SequencedMap<String, ModuleTensor> state = new LinkedHashMap<>();
    for (NamedParameter p : namedParameters()) {
      state.put(p.name(), p.parameter());
    }
    for (NamedBuffer b : namedBuffers()) {
      state.put(b.name(), b.buffer());
    }
    return state;
  }

  /** Returns shapes by path, as {@link #load(Map)} expects them. */
  public SequencedMap<String, Shape> stateShapes() {
    SequencedMap<String, Shape> shapes = new LinkedHashMap<>();
    stateDict().forEach((name, t) -> shapes.put(name, t.shape()));
    return shapes;
  }

  /**
   * Replaces the values of all parameters and buffers. Tied weights may have any of their names.
   * Adapters on this module that have not been trained yet are initialised again from the new
   * weights, as if they had been attached afterwards.
   *
   * @param values by path; floating-point types are converted
   * @throws dev.peft4j.io.StateDictException (an {@code IllegalArgumentException}) if a path is
   *     missing, unexpected, or has another number of elements; nothing is replaced
   * @throws IllegalArgumentException if integers meet floating-point numbers
   * @throws IllegalStateException if an adapter on this module is merged
   */
  public void load(Map<String, Storage> values) {
    ModuleState.of(this).loadFlat("the state dict for " + getClass().getSimpleName(), values);
  }

  /**
   * Saves all parameters and buffers as safetensors, as transformers and torch read them: by their
   * paths, in their types, without adapters. The file appears, or replaces an old one, when it is
   * complete.
   *
   * @param path a file whose name ends in {@code .safetensors}, or a folder, in which {@code
   *     model.safetensors} is written; missing folders are created
   * @throws NonFiniteException if a value is not finite, naming it; nothing is written
   * @throws java.io.UncheckedIOException if it cannot be written, or the folder contains an adapter
   */
  public void save(Path path) {
    ModuleState.of(this).write(path, Map.of());
  }

  /**
   * Loads a file that {@link #save(Path)} wrote, or a model's file of transformers or torch:
   * replaces the values of all parameters and buffers. See {@link #load(Map)}.
   *
   * @param path a safetensors file, or a folder with {@code model.safetensors} or with several
   *     files and their index
   * @throws dev.peft4j.io.StateDictException if a tensor is missing, unexpected or has another
   *     shape; nothing is replaced
   * @throws java.io.UncheckedIOException if the file does not exist or is damaged
   */
  public void load(Path path) {
    ModuleState.of(this).read(path);
  }

  // ---- looking

  /**
   * Returns this module and those below it as torch prints them: each with its settings, equal
   * neighbours of a list on one line, layers with adapters as peft prints them.
   *
   * <pre>
   * Net(
   *   (blocks): ModuleList(
   *     (0-5): 6 x Linear(in_features=8, out_features=8, bias=True)
   *   )
   * )
   * </pre>
   */
  @Override
  public String toString() {
    return ModuleText.of(this);
  }

  /**
   * Returns the settings of this module itself, which {@link #toString} shows: torch's {@code
   * extra_repr}. Empty unless a class overrides it.
   */
  protected String extraRepr() {
    return "";
  }

  /**
   * Returns the name of this kind of module, which {@link #toString} shows: by default the name of
   * its class.
   */
  protected String typeName() {
    Class<?> c = getClass();
    while (c.getSimpleName().isEmpty()) {
      c = c.getSuperclass(); // an anonymous class
    }
    return c.getSimpleName();
  }

  /**
   * Returns a result, and reports it to a {@link ModuleSummary} if one is being made: for layers
   * whose calls cannot be told apart by their parameters.
   */
  final Tensor seen(Tensor result) {
    return NodeWatch.isOn() ? SummaryWatch.seen(this, result) : result;
  }

  /**
   * Returns a table of this module and those below it: kinds and parameters.
   *
   * @see #summary(Tensor)
   */
  public ModuleSummary summary() {
    return SummaryWatch.summary(this, null);
  }

  /**
   * Returns a table of this module and those below it: path, kind, shape of the result, number of
   * parameters, number of trainable ones, and memory.
   *
   * <p>The shapes come from a call of {@code forward(example)}, in evaluation mode. It computes
   * nothing unless {@code forward} itself reads a value, and does not change weights, modes or
   * random generators.
   *
   * @param example an input of {@code forward}
   * @throws IllegalStateException if there is no method {@code forward} that takes one tensor; use
   *     {@link #summary(Supplier)} then
   */
  public ModuleSummary summary(Tensor example) {
    return SummaryWatch.summary(this, () -> SummaryWatch.forward(this, example));
  }

  /**
   * Returns the table of {@link #summary(Tensor)} for a model with other inputs: {@code
   * model.summary(() -> model.forward(ids, mask))}.
   *
   * @param call calls the model
   */
  public ModuleSummary summary(Supplier<?> call) {
    return SummaryWatch.summary(this, call);
  }
}
