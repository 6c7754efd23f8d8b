package dev.peft4j.tuner;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.Parameter;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The common part of the layers of one adapter while they are attached: which they are, random
 * numbers, and tensors that they share.
 */
public interface TunerContext {
  /** Returns the generator of the random numbers that a layer starts with. */
  Rng rng();

  /**
   * Returns the layers that the adapter is attached to, in the order that they are: for tensors
   * whose size follows from all of them.
   */
  List<NamedModule> layers();

  /**
   * Returns what another adapter of the model has at the path of a layer, or null: for an adapter
   * that computes with others.
   */
  default @Nullable TunerLayer other(String adapter, String path) {
    return null;
  }

  /**
   * Returns the tensor that all layers of the adapter have under a name.
   *
   * @param type {@link Parameter} if it is trained, {@link Buffer} if it is not
   * @param first makes it for the layer that is attached first
   */
  <T extends ModuleTensor> T shared(String name, Class<T> type, Supplier<T> first);

  /**
   * Returns the object that all layers of the adapter have under its type, such as a list of them.
   *
   * @param first makes it for the layer that is attached first
   */
  <T> T common(Class<T> type, Supplier<T> first);

  /**
   * Returns the trained tensor that all layers of the adapter have under a name, such as VB-LoRA's
   * bank of vectors. A layer lists it as {@link TunerLayer.Entry#shared}.
   *
   * @param first makes it for the layer that is attached first
   */
  default Parameter sharedParameter(String name, Supplier<Parameter> first) {
    return shared(name, Parameter.class, first);
  }

  /**
   * Returns the constant tensor that all layers of the adapter have under a name, such as VeRA's
   * projections. A layer lists it as {@link TunerLayer.Constant#shared}.
   *
   * @param first makes it for the layer that is attached first
   */
  default Buffer sharedBuffer(String name, Supplier<Buffer> first) {
    return shared(name, Buffer.class, first);
  }
}
