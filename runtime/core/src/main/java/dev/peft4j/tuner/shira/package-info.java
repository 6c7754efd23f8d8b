/** SHiRA: a few numbers of the weight. */
@NullMarked
package dev.peft4j.tuner.shira;

import org.jspecify.annotations.NullMarked;
