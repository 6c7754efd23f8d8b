package dev.peft4j.nn;

/** A module and its path in a model; the root has the empty path. */
public record NamedModule(String name, Module module) {}
