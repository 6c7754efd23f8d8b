package dev.peft4j.tuner;

import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleSummary;
import dev.peft4j.nn.ModuleText;
import dev.peft4j.tensor.Tensor;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/** A model that adapters were attached to in place. */
public final class AdaptedModel<M extends Module> implements PeftModel {
  private final M model;
  private final AdapterSet adapters;

  private AdaptedModel(M model, AdapterSet adapters) {
    this.model = model;
    this.adapters = adapters;
  }

  /** Returns the model with the adapters that were attached to it. */
  public static <M extends Module> AdaptedModel<M> of(M model, AdapterSet adapters) {
    return new AdaptedModel<>(model, adapters);
  }

  /**
   * Returns the model itself; calling it computes with the active adapters, unless several adapted
   * models share it.
   */
  public M model() {
    return model;
  }

  /**
   * Makes one call of the model with this one's adapters: those chosen around it, or else the
   * active ones. Adapters and weights stay the same until it ends.
   */
  public <T> T call(Function<? super M, ? extends T> body) {
    return adapters.call(() -> body.apply(model));
  }

  /** Turns on training mode for this thread's calls of this model; see {@link AdapterSet#train}. */
  public AdaptedModel<M> train() {
    adapters.train();
    return this;
  }

  /** Turns on evaluation mode for calls of this model; see {@link AdapterSet#eval}. */
  public AdaptedModel<M> eval() {
    adapters.eval();
    return this;
  }

  /** Returns whether this thread's calls of this model are in training mode. */
  public boolean training() {
    return adapters.training();
  }

  @Override
  public AdapterSet adapters() {
    return adapters;
  }

  /** Returns the model with its adapters as peft prints it, see {@link Module#toString}. */
  @Override
  public String toString() {
    String tuner = adapters.modelStatus().adapterModelType();
    String inner = ModuleText.of(model, adapters.source());
    return tuner.equals("None")
        ? inner // unloaded
        : ModuleText.block(
            "PeftModel",
            "",
            Map.of("base_model", ModuleText.block(tuner, "", Map.of("model", inner))));
  }

  /** Summarizes the model as {@link Module#summary()} does, with these adapters. */
  public ModuleSummary summary() {
    return ModuleSummary.of(model, adapters.source());
  }

  /** Summarizes the model as {@link Module#summary(Tensor)} does, with these adapters. */
  public ModuleSummary summary(Tensor example) {
    return adapters.call(() -> ModuleSummary.of(model, adapters.source(), example));
  }

  /** Summarizes the model as {@link Module#summary(Supplier)} does, with these adapters. */
  public ModuleSummary summary(Supplier<?> call) {
    return adapters.call(() -> ModuleSummary.of(model, adapters.source(), call));
  }
}
