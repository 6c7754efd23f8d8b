/** AdaMSS: low-rank changes of clusters of a weight's rows. */
@NullMarked
package dev.peft4j.tuner.adamss;

import org.jspecify.annotations.NullMarked;
