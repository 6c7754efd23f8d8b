@NullMarked
package dev.peft4j.processor;

import org.jspecify.annotations.NullMarked;
