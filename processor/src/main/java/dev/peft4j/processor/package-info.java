/**
 * The annotation processor that writes the adapted subclass of a model that carries {@link
 * dev.peft4j.annotation.Peft}.
 *
 * <p>{@link dev.peft4j.processor.PeftProcessor} hands each annotated class through four stages:
 * {@code AnnotationReader} and {@code ModelScanner} turn the compiler's view into records, {@code
 * AttachPlanner} matches the targets against the tree of modules, {@code PeftWriter} writes the
 * class. Problems are collected as {@code Problem}s, each of a kind listed in {@code Diagnostic}.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.processor;

import org.jspecify.annotations.NullMarked;
