package dev.peft4j.tuner;

import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The passes that train the adapters of one model, and those that do not. */
final class AdapterPasses implements TrainsAdapters {
  private final AdapterRegistry registry;
  private final Inspection inspection;

  AdapterPasses(AdapterRegistry registry, Inspection inspection) {
    this.registry = registry;
    this.inspection = inspection;
  }

  @Override
  public void train() {
    registry.modes().set(modules(), true);
  }

  @Override
  public void eval() {
    registry.modes().set(modules(), false);
  }

  @Override
  public boolean training() {
    return registry.state().adapters().isEmpty()
        ? registry.base().root().training()
        : registry.modes().isTraining(registry.base().root());
  }

  private List<Module> modules() {
    return registry.base().modules().stream().map(NamedModule::module).toList();
  }

  @Override
  public <T> T training(Collection<Parameter> trained, Supplier<T> body) {
    Set<Parameter> all = Set.copyOf(trained);
    List<AttachedAdapter> adapters =
        registry.state().adapters().values().stream()
            .filter(a -> a.ownParameters().stream().anyMatch(all::contains))
            .toList();
    return registry.modes().training(adapters, body);
  }

  @Override
  public @Nullable Tensor addedLoss() {
    Tensor sum = null;
    for (AdapterTraining t : trainings()) {
      Tensor added = t.addedLoss();
      if (added != null) {
        sum = sum == null ? added : sum.add(added);
      }
    }
    return sum;
  }

  @Override
  public void step(Optimizer optimizer) {
    List<AdapterTraining> all = trainings();
    all.forEach(t -> t.beforeStep(optimizer));
    optimizer.step();
    all.forEach(t -> t.afterStep(optimizer));
  }

  private List<AdapterTraining> trainings() {
    List<AdapterTraining> all = new ArrayList<>();
    for (AttachedAdapter a : inspection.acting()) {
      AdapterTraining t = a.training();
      if (t != null && a.ownParameters().stream().anyMatch(Parameter::trainable)) {
        all.add(t);
      }
    }
    return all;
  }

  @Override
  public <T> T evaluating(Supplier<T> body) {
    return registry.modes().evaluating(body);
  }
}
