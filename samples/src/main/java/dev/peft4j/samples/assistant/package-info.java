/** A small assistant of LangChain4j over an adapter. */
@NullMarked
package dev.peft4j.samples.assistant;

import org.jspecify.annotations.NullMarked;
