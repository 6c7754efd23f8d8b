package dev.peft4j.cli;

import picocli.CommandLine.Option;

/** The option of all commands that shows details of a fault of peft4j. */
final class FaultOptions {
  static final String STACKTRACE = "--stacktrace";

  @Option(
      names = STACKTRACE,
      description = "If peft4j itself fails, show where; for those who report or repair it.")
  private boolean stacktrace;
}
