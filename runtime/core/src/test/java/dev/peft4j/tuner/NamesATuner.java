package dev.peft4j.tuner;

import dev.peft4j.tuner.lora.LoraConfig;

/** Names a tuner where none must be named: what the test of the floors has to find. */
public record NamesATuner(LoraConfig config) {}
