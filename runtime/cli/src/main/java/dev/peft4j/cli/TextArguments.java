package dev.peft4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * The distinction between texts and options among arguments. Texts are arguments without a dash at
 * the start, those after {@code --}, and those that begin with a dash but cannot be options: with
 * blanks, or without a letter after the dash. Other words with a dash are options, known or not.
 */
final class TextArguments {
  private static final String END = "--";
  private static final Pattern OPTION =
      Pattern.compile("--?\\p{Alpha}[^\\s=]*(=.*)?", Pattern.DOTALL);

  private TextArguments() {}

  /**
   * Returns the arguments with the texts after {@code --}.
   *
   * @param args a command's name and its arguments; those of a command without texts are returned
   *     unchanged
   */
  static String[] separate(CommandSpec all, String... args) {
    CommandLine named = args.length == 0 ? null : all.subcommands().get(args[0]);
    if (named == null) {
      return args;
    }
    CommandSpec command = named.getCommandSpec();
    if (command.positionalParameters().stream().noneMatch(TextArguments::takesMany)) {
      return args;
    }
    List<String> options = new ArrayList<>(List.of(args[0]));
    List<String> texts = new ArrayList<>();
    for (int i = 1; i < args.length; i++) {
      String arg = args[i];
      if (arg.equals(END)) {
        texts.addAll(List.of(args).subList(i + 1, args.length));
        break;
      }
      OptionSpec option = command.findOption(name(arg));
      if (option == null && !OPTION.matcher(arg).matches()) {
        texts.add(arg);
        continue;
      }
      options.add(arg);
      boolean takesNext = option != null && option.arity().min() > 0 && arg.indexOf('=') < 0;
      if (takesNext && i + 1 < args.length) {
        options.add(args[++i]);
      }
    }
    if (!texts.isEmpty()) {
      options.add(END);
      options.addAll(texts);
    }
    return options.toArray(new String[0]);
  }

  private static boolean takesMany(PositionalParamSpec p) {
    return p.arity().max() > 1;
  }

  private static String name(String arg) {
    int value = arg.indexOf('=');
    return value < 0 ? arg : arg.substring(0, value);
  }
}
