/** The runner of the golden cases that peft wrote. */
@NullMarked
package dev.peft4j.samples.golden;

import org.jspecify.annotations.NullMarked;
