/**
 * Where warnings go: to SLF4J, or to standard error where SLF4J has nothing that would show them.
 */
@NullMarked
package dev.peft4j.log;

import org.jspecify.annotations.NullMarked;
