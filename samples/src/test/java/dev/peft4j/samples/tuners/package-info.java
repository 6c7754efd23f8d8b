/** Tuners from their annotations to their files. */
@org.jspecify.annotations.NullMarked
package dev.peft4j.samples.tuners;
