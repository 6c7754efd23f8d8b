package dev.peft4j.nn;

/**
 * A model whose kind has a name, which Hugging Face's {@code config.json} gives as {@code
 * model_type}. Settings of adapters that name no targets get those that peft has for that kind.
 */
public interface HasModelType {
  /** The kind, such as {@code bert} or {@code llama}. */
  String modelType();
}
