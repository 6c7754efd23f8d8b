package dev.peft4j.io;

import dev.peft4j.data.Shape;

/**
 * The header entry of one tensor in a safetensors file; it has been checked.
 *
 * @param name the tensor's name
 * @param type the element type in the file
 * @param shape the sizes
 * @param begin first byte, counted from the end of the header
 * @param end byte after the last one, counted likewise
 */
public record TensorInfo(String name, TensorType type, Shape shape, long begin, long end) {}
