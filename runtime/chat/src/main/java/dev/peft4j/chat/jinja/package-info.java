/**
 * The language of chat templates: Jinja as transformers runs it (jinja2's immutable sandbox), with
 * Python's values.
 *
 * <p>A template is read by {@code Lexer} and {@code Parser} into a tree, in which {@code Symbols}
 * finds out what each name means; {@code Compiler} makes code of it, which runs on a {@code
 * Runtime}: variables, output, and limits.
 *
 * <p>Internal to peft4j: may change at any time. The API is {@link dev.peft4j.chat}.
 */
@NullMarked
package dev.peft4j.chat.jinja;

import org.jspecify.annotations.NullMarked;
