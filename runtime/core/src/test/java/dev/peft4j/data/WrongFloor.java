package dev.peft4j.data;

import dev.peft4j.tuner.Tuner;

/** Stands on a floor below what it names: what the test of the floors has to find. */
public record WrongFloor(Tuner<?> above) {}
