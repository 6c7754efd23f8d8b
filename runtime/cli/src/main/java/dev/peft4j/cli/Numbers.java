package dev.peft4j.cli;

import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

/** The parsing of numbers on the command line, with errors that do not mention Java's types. */
final class Numbers {
  private Numbers() {}

  /** Registers the parsing for a command and its subcommands. */
  static void register(CommandLine line) {
    register(line, int.class, Integer.class, Integer::valueOf);
    register(line, long.class, Long.class, Long::valueOf);
    register(line, float.class, Float.class, Float::valueOf);
    register(line, double.class, Double.class, Double::valueOf);
  }

  private static <T extends Number> void register(
      CommandLine line, Class<T> primitive, Class<T> boxed, Function<String, T> parse) {
    boolean whole = boxed == Integer.class || boxed == Long.class;
    CommandLine.ITypeConverter<T> converter =
        text -> {
          try {
            return parse.apply(text.strip());
          } catch (NumberFormatException e) {
            boolean large = whole && text.strip().matches("[+-]?[0-9]+");
            throw new TypeConversionException(
                "expected "
                    + (large ? "a smaller number" : whole ? "a whole number" : "a number")
                    + " but was '"
                    + text
                    + "'");
          }
        };
    line.registerConverter(primitive, converter);
    line.registerConverter(boxed, converter);
  }
}
