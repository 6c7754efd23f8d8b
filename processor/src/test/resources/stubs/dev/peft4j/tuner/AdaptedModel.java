package dev.peft4j.tuner;

import dev.peft4j.nn.Module;

public final class AdaptedModel<M extends Module> implements PeftModel {
  private final M model;
  private final AdapterSet adapters;

  private AdaptedModel(M model, AdapterSet adapters) {
    this.model = model;
    this.adapters = adapters;
  }

  public static <M extends Module> AdaptedModel<M> of(M model, AdapterSet adapters) {
    return new AdaptedModel<>(model, adapters);
  }

  public M model() {
    return model;
  }

  @Override
  public AdapterSet adapters() {
    return adapters;
  }
}
