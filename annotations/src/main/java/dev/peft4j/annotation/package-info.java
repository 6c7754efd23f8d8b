/**
 * What a model is annotated with: {@link dev.peft4j.annotation.Peft} on the class, {@link
 * dev.peft4j.annotation.CheckpointName} and {@link dev.peft4j.annotation.OutputHead} on its fields.
 */
@NullMarked
package dev.peft4j.annotation;

import org.jspecify.annotations.NullMarked;
