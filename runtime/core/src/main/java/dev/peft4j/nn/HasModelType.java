package dev.peft4j.nn;

/**
 * A model whose family has a name, the {@code model_type} of Hugging Face's {@code config.json}.
 * Adapters whose settings name no targets get peft's default targets of that family.
 */
public interface HasModelType {
  /** Returns the model type, such as {@code bert} or {@code llama}. */
  String modelType();
}
