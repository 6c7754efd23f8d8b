package dev.peft4j.cli;

import dev.peft4j.Peft4jException;
import dev.peft4j.io.Printable;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The output and the exit code of a failed command. */
final class Failures {
  /** The start of further lines of a message: a list, as in {@code StateDictException}. */
  private static final Pattern LIST_ITEM = Pattern.compile("\r?\n(?=  )");

  private Failures() {}

  /**
   * Reports an exception: one that the user can resolve in a sentence, any other as a fault of
   * peft4j.
   */
  static int of(Exception e, CommandLine line, ParseResult all) {
    return of(e, line);
  }

  /** Reports an error like an exception; {@code all} may be the line whose subcommand failed. */
  static int of(Error e, CommandLine all) {
    CommandLine line = all;
    ParseResult parsed = all.getParseResult();
    if (parsed != null && parsed.subcommand() != null) {
      line = parsed.subcommand().commandSpec().commandLine();
    }
    if (e instanceof OutOfMemoryError) {
      String sentence = "out of memory (" + e.getMessage() + "); a smaller batch needs less";
      return of(new CommandException(sentence), line);
    }
    return of((Throwable) e, line);
  }

  private static int of(Throwable e, CommandLine line) {
    PrintWriter err = line.getErr();
    String name = line.getCommandSpec().qualifiedName();
    String message = e.getMessage();
    if (e instanceof UsageException) {
      return usage(err, name, String.valueOf(message));
    }
    boolean users =
        e instanceof IOException
            || e instanceof UncheckedIOException
            || e instanceof Peft4jException;
    if (users && message != null) {
      err.println(name + ": " + printable(message));
      return Main.FAILED;
    }
    ParseResult parsed = line.getParseResult();
    fault(err, name, e, parsed != null && parsed.hasMatchedOption(FaultOptions.STACKTRACE));
    return Main.INTERNAL;
  }

  private static void fault(PrintWriter err, String name, Throwable e, boolean stacktrace) {
    err.println(name + ": a fault of peft4j: " + Printable.of(e.toString()));
    if (!stacktrace) {
      err.println(
          "Please report it in peft4j's issue tracker, with what the same command prints with "
              + FaultOptions.STACKTRACE
              + '.');
      return;
    }
    for (String line : new Main.Version().getVersion()) {
      err.println(line);
    }
    StringWriter trace = new StringWriter();
    e.printStackTrace(new PrintWriter(trace));
    trace
        .toString()
        .lines()
        .map(l -> l.startsWith("\t") ? "\t" + Printable.of(l.substring(1)) : Printable.of(l))
        .forEach(err::println);
    err.println("Please report it in peft4j's issue tracker, with all of these lines.");
  }

  /** Reports an error of the command line in one line, with a hint at the help. */
  static int of(ParameterException e, String[] args) {
    CommandLine line = e.getCommandLine();
    String message = String.valueOf(e.getMessage());
    if (e instanceof UnmatchedArgumentException unmatched) {
      message = unmatched(unmatched, line);
    }
    return usage(line.getErr(), line.getCommandSpec().qualifiedName(), message);
  }

  private static String unmatched(UnmatchedArgumentException e, CommandLine line) {
    String first = e.getUnmatched().getFirst(); // what follows may be its value
    StringBuilder message = new StringBuilder();
    if (!line.getSubcommands().isEmpty() && !first.startsWith("-")) {
      return "there is no command '"
          + first
          + "', expected one of "
          + String.join(", ", line.getSubcommands().keySet());
    }
    message.append(
        first.startsWith("-")
            ? "Unknown option: '" + first + "'"
            : "'" + first + "' belongs to no option");
    if (line.getCommandSpec().name().equals("predict")) {
      message.append("; a text that begins with a dash goes after --");
    }
    List<String> suggestions = e.getSuggestions();
    if (!suggestions.isEmpty()) {
      message.append("; did you mean ").append(String.join(" or ", suggestions)).append('?');
    }
    return message.toString();
  }

  private static int usage(PrintWriter err, String name, String message) {
    err.println(name + ": " + printable(message));
    err.println("Try '" + name + " --help'.");
    return Main.USAGE;
  }

  /** Returns a message in which no file or argument can control the terminal; lists stay lists. */
  private static String printable(String message) {
    return LIST_ITEM
        .splitAsStream(message)
        .map(Printable::of)
        .collect(Collectors.joining(System.lineSeparator()));
  }
}
