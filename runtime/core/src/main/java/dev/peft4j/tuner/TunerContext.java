package dev.peft4j.tuner;

import dev.peft4j.data.Rng;

/** What the layers of one adapter have in common while they are attached. */
public interface TunerContext {
  /** Returns the generator of the random numbers that a layer starts with. */
  Rng rng();
}
