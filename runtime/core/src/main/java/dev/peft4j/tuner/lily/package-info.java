/** Lily: experts that layers share, and routers. */
@NullMarked
package dev.peft4j.tuner.lily;

import org.jspecify.annotations.NullMarked;
