/**
 * A real model to start with, all-MiniLM-L6-v2, from a jar on Maven Central. The artifact {@code
 * com.google.protobuf:protobuf-java}, which reads the jar's file, must be a dependency of programs
 * that use this package; {@code peft4j-transformers} does not include it.
 */
@NullMarked
package dev.peft4j.transformers.minilm;

import org.jspecify.annotations.NullMarked;
