/** MiSS: shards of a layer's input share one matrix. */
@NullMarked
package dev.peft4j.tuner.miss;

import org.jspecify.annotations.NullMarked;
