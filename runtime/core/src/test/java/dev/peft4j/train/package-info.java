@NullMarked
package dev.peft4j.train;

import org.jspecify.annotations.NullMarked;
