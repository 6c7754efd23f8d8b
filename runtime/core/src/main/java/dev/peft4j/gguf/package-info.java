/**
 * Files in GGUF, the format of llama.cpp and Ollama: reading, mapped into memory, and writing. What
 * the tensors and keys of a model mean is not known here; how their numbers are stored is an {@link
 * dev.peft4j.data.Encoding}.
 */
@NullMarked
package dev.peft4j.gguf;

import org.jspecify.annotations.NullMarked;
