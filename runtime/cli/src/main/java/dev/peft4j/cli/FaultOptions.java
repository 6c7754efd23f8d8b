package dev.peft4j.cli;

import picocli.CommandLine.Option;

/** What is shown of a fault of peft4j; an option of all commands. */
final class FaultOptions {
  static final String STACKTRACE = "--stacktrace";

  @Option(
      names = STACKTRACE,
      description = "If peft4j itself fails, show where; for those who report or repair it.")
  private boolean stacktrace;
}
