package dev.peft4j.cli;

import dev.peft4j.backend.Launcher;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** The command {@code peft4j}. */
@Command(
    name = "peft4j",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    description = "Parameter-efficient fine-tuning of Hugging Face models, without Python.",
    subcommands = {
      TrainCommand.class,
      ChatCommand.class,
      EvalCommand.class,
      PredictCommand.class,
      GenerateCommand.class,
      PreviewCommand.class,
      MergeCommand.class,
      ConvertCommand.class,
      ExportCommand.class,
      QuantizeCommand.class,
      InspectCommand.class,
      InitCommand.class,
      DownloadCommand.class,
      ExportSampleCommand.class,
      DevicesCommand.class
    },
    footer = {"", "Results go to standard output, everything else to standard error."})
public final class Main implements Runnable {
  /**
   * The exit code if the work could not be done: because of a file, the data, or numbers that are
   * not finite.
   */
  static final int FAILED = 1;

  /** The exit code for a wrong command line. */
  static final int USAGE = CommandLine.ExitCode.USAGE;

  /** The exit code for a fault of peft4j. */
  static final int INTERNAL = 3;

  static final Map<String, String> EXIT_CODES = exitCodes();

  @Spec private @Nullable CommandSpec spec;

  Main() {}

  /** Runs the command and ends the process with its exit code. */
  public static void main(String[] args) throws Exception {
    StandardError.take();
    SafeStream.forLog();
    OptionalInt elsewhere = relaunch(args);
    System.exit(elsewhere.isPresent() ? elsewhere.getAsInt() : execute(commandLine(), args));
  }

  /** Runs the command, whose texts are not parsed as options, and returns its exit code. */
  static int execute(CommandLine line, String... args) {
    try {
      TunerOptions.add(line, args);
      return line.execute(TextArguments.separate(line.getCommandSpec(), args));
    } catch (Error e) {
      return Failures.of(e, line);
    }
  }

  /** Runs the command in another JVM if the device needs flags that this one was not given. */
  private static OptionalInt relaunch(String[] args) throws IOException, InterruptedException {
    try {
      CommandLine line = commandLine();
      TunerOptions.add(line, args);
      ParseResult command =
          line.parseArgs(TextArguments.separate(line.getCommandSpec(), args)).subcommand();
      if (command == null || command.isUsageHelpRequested() || command.isVersionHelpRequested()) {
        return OptionalInt.empty();
      }
      boolean listed = command.commandSpec().userObject() instanceof DevicesCommand;
      if (!listed && command.commandSpec().findOption("--device") == null) {
        return OptionalInt.empty();
      }
      String device =
          listed ? DevicesCommand.ACCELERATORS : command.matchedOptionValue("--device", null);
      return Launcher.relaunch(device, Main.class.getName(), args);
    } catch (CommandLine.ParameterException | IllegalStateException e) {
      return OptionalInt.empty(); // the command itself says what is wrong
    }
  }

  private static Map<String, String> exitCodes() {
    Map<String, String> codes = new LinkedHashMap<>();
    codes.put("0", "success");
    codes.put("1", "the work could not be done; a sentence says why");
    codes.put("2", "the command line is wrong");
    codes.put("3", "a fault of peft4j");
    return codes;
  }

  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Main());
    line.setExecutionExceptionHandler(Failures::of);
    line.setParameterExceptionHandler(Failures::of);
    line.setExpandAtFiles(false); // an argument is what it says, never a file of arguments
    line.setPosixClusteredShortOptionsAllowed(false); // -minor is no -m
    line.setCaseInsensitiveEnumValuesAllowed(true);
    Numbers.register(line);
    List<CommandLine> all = new ArrayList<>(line.getSubcommands().values());
    all.add(line);
    all.forEach(Main::prepare);
    return line;
  }

  /** Adds what all commands have: exit codes in the help, and the option for faults. */
  static void prepare(CommandLine command) {
    command.addMixin("fault", new FaultOptions());
    command
        .getCommandSpec()
        .usageMessage()
        .exitCodeListHeading("%nExit codes:%n")
        .exitCodeList(EXIT_CODES)
        .showDefaultValues(true);
  }

  @Override
  public void run() {
    CommandLine line = commandLine();
    if (spec != null) {
      line = spec.commandLine();
    }
    throw new CommandLine.ParameterException(line, "which command? See 'peft4j --help'");
  }

  /** The version of the jar. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {
        "peft4j " + (version == null ? "(unpackaged)" : version),
        String.format(
            Locale.ROOT,
            "Java %s, %s %s",
            System.getProperty("java.version"),
            System.getProperty("os.name"),
            System.getProperty("os.arch"))
      };
    }
  }
}
