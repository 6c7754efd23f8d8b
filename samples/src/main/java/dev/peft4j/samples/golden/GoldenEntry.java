package dev.peft4j.samples.golden;

import java.util.function.Supplier;

/**
 * A line of the runner: a case, or one of the things that a folder has.
 *
 * @param name what the line begins with
 * @param run computes and compares; any problem becomes part of the result
 */
record GoldenEntry(String name, Supplier<CaseResult> run) {}
