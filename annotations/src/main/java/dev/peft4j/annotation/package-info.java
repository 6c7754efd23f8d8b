/**
 * What a model is annotated with: {@link dev.peft4j.annotation.Peft} or the annotation of another
 * tuner on the class, {@link dev.peft4j.annotation.CheckpointName} and {@link
 * dev.peft4j.annotation.OutputHead} on its fields; and what describes a tuner: {@link
 * dev.peft4j.annotation.TunerDescriptor} on its annotation, {@link dev.peft4j.annotation.Setting}
 * on the members.
 */
@NullMarked
package dev.peft4j.annotation;

import org.jspecify.annotations.NullMarked;
