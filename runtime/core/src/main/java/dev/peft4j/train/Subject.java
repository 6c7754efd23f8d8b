package dev.peft4j.train;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleState;
import dev.peft4j.nn.NamedBuffer;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.Trainable;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.WholeAdapters;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The thing that a run trains and a checkpoint stores: adapters, or a whole model. */
sealed interface Subject {
  /** Returns the kind in words, which a checkpoint stores. */
  String kind();

  /** Returns all parameters, including those that are not trained. */
  List<NamedParameter> parameters();

  /** Returns the buffers, which the model changes while it is called. */
  List<NamedBuffer> buffers();

  /** Returns the model without adapters. */
  Module root();

  /** Returns the prefix of parameter names before the path in {@link #root}. */
  String prefix();

  /** Returns a fingerprint of what is not in a checkpoint or is not trained. */
  String fingerprint();

  /** Returns the generators that training draws from. */
  SequencedMap<String, Rng> generators();

  /** Returns what is added to the loss of each batch, or null. */
  default @Nullable Tensor addedLoss() {
    return null;
  }

  /** Makes a step of the optimizer, with what belongs around it. */
  default void step(Optimizer optimizer) {
    optimizer.step();
  }

  /** Runs {@code body} in training mode. */
  <T> T training(List<Parameter> trained, Supplier<T> body);

  /** Runs {@code body} in evaluation mode, within {@link #training}. */
  <T> T evaluating(Supplier<T> body);

  /** Saves what is trained into a checkpoint. */
  void save(Path folder);

  /** Loads what is trained from a checkpoint. */
  void load(Path folder);

  /**
   * Throws if an optimizer trains parameters that {@link #save} does not save.
   *
   * @throws IllegalArgumentException naming the parameter
   */
  void requireComplete(List<Parameter> trained);

  /** Returns what is trained for a model. */
  static Subject of(Trainable model) {
    if (model instanceof PeftModel adapted) {
      return adapted.adapters().names().isEmpty()
          ? new Whole(adapted.adapters().root())
          : new Adapters(adapted);
    }
    if (model instanceof Module module) {
      return new Whole(module);
    }
    throw new IllegalArgumentException(
        "a trainer trains a Module or a PeftModel, found a " + model.getClass().getName());
  }

  /** The adapters of a model; the base stays as it is. */
  record Adapters(PeftModel model) implements Subject {
    @Override
    public String kind() {
      return "adapters";
    }

    @Override
    public List<NamedParameter> parameters() {
      return model.namedParameters();
    }

    @Override
    public List<NamedBuffer> buffers() {
      return model.adapters().namedBuffers();
    }

    @Override
    public Module root() {
      return model.adapters().root();
    }

    @Override
    public String prefix() {
      return "base_model.model.";
    }

    @Override
    public String fingerprint() {
      return BaseFingerprint.of(model.adapters().baseParameters());
    }

    @Override
    public SequencedMap<String, Rng> generators() {
      return model.adapters().generators();
    }

    @Override
    public @Nullable Tensor addedLoss() {
      return model.addedLoss();
    }

    @Override
    public void step(Optimizer optimizer) {
      model.step(optimizer);
    }

    @Override
    public <T> T training(List<Parameter> trained, Supplier<T> body) {
      return model.adapters().training(trained, body);
    }

    @Override
    public <T> T evaluating(Supplier<T> body) {
      return model.adapters().evaluating(body);
    }

    @Override
    public void save(Path folder) {
      WholeAdapters.saving(() -> model.save(folder)); // what is to go on needs all of it
    }

    @Override
    public void load(Path folder) {
      model.load(folder);
    }

    @Override
    public void requireComplete(List<Parameter> trained) {
      IdentityHashMap<Parameter, Boolean> ofAdapters = new IdentityHashMap<>();
      model.namedParameters().forEach(p -> ofAdapters.put(p.parameter(), true));
      model.adapters().baseParameters().forEach(p -> ofAdapters.remove(p.parameter()));
      for (Parameter p : trained) {
        if (!ofAdapters.containsKey(p)) {
          throw new IllegalArgumentException(
              "the optimizer trains '"
                  + p.name()
                  + "', which belongs to no adapter of the model, so that a checkpoint could not"
                  + " hold it; train it by the adapter (modules to save), or without checkpoints");
        }
      }
    }
  }

  /** A module with all its parameters and buffers. */
  record Whole(Module root) implements Subject {
    /** Names parameters and buffers for messages and checkpoints. */
    public Whole {
      ModuleState.of(root).tensors().forEach((name, t) -> t.variable().rename(name));
    }

    @Override
    public String kind() {
      return "whole model";
    }

    @Override
    public List<NamedParameter> parameters() {
      return root.namedParameters();
    }

    @Override
    public List<NamedBuffer> buffers() {
      return root.namedBuffers();
    }

    @Override
    public String prefix() {
      return "";
    }

    @Override
    public String fingerprint() {
      return BaseFingerprint.ofFrozen(root.namedParameters());
    }

    @Override
    public SequencedMap<String, Rng> generators() {
      return root.generators();
    }

    @Override
    public <T> T training(List<Parameter> trained, Supplier<T> body) {
      return in(true, body);
    }

    @Override
    public <T> T evaluating(Supplier<T> body) {
      return in(false, body);
    }

    /** Runs {@code body} in a mode, and restores the mode of each module afterwards. */
    private <T> T in(boolean training, Supplier<T> body) {
      List<NamedModule> modules = root.namedModules();
      List<Boolean> before = modules.stream().map(m -> m.module().training()).toList();
      set(root, training);
      try {
        return body.get();
      } finally {
        for (int i = 0; i < before.size(); i++) { // parents come first
          set(modules.get(i).module(), before.get(i));
        }
      }
    }

    private static void set(Module m, boolean training) {
      if (training) {
        m.train();
      } else {
        m.eval();
      }
    }

    @Override
    public void save(Path folder) {
      ModuleState.of(root).write(folder, Map.of());
    }

    @Override
    public void load(Path folder) {
      ModuleState.of(root).read(folder);
    }

    @Override
    public void requireComplete(List<Parameter> trained) {
      Set<Parameter> own = Collections.newSetFromMap(new IdentityHashMap<>());
      own.addAll(root.parameters());
      List<String> others = new ArrayList<>();
      for (Parameter p : trained) {
        if (!own.contains(p)) {
          others.add(p.name());
        }
      }
      if (!others.isEmpty()) {
        throw new IllegalArgumentException(
            "the optimizer trains '"
                + others.getFirst()
                + "', which "
                + root.getClass().getSimpleName()
                + " does not have, so that a checkpoint could not hold it; give the trainer the"
                + " model that has it (for an adapter the adapted model), or train without"
                + " checkpoints");
      }
    }
  }
}
