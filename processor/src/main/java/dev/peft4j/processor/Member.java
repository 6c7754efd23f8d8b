package dev.peft4j.processor;

import java.util.List;
import java.util.Map;

/**
 * A member of a tuner's annotation, with what {@code @Setting} says of it.
 *
 * @param name its name
 * @param array whether its value is an array
 * @param usual its default; an empty text if it has none
 * @param range the numbers that are allowed
 * @param oneOf the texts or constants that are allowed; empty for all
 * @param goesWith what other members have to be where it is not at its default
 * @param evenWith the member and the value that need it to be even; empty if none does
 * @param names what its texts name in the model
 * @param setter the method of the builder
 * @param tuner the tuner that alone has it; empty for all of the annotation's
 * @param inner the members of the annotations in its array, by their names
 */
record Member(
    String name,
    boolean array,
    Value usual,
    Range range,
    List<String> oneOf,
    List<String> goesWith,
    String evenWith,
    Names names,
    String setter,
    String tuner,
    Map<String, Member> inner) {

  Member {
    oneOf = List.copyOf(oneOf);
    goesWith = List.copyOf(goesWith);
  }

  /** The kinds of things that texts name. */
  enum Names {
    NOTHING,
    PARAMETERS,
    LAYERS,
    TARGETS
  }

  /**
   * An interval.
   *
   * @param min the least, which is allowed
   * @param max the largest, which is allowed
   * @param above a bound that is not allowed
   * @param below a bound that is not allowed
   */
  record Range(double min, double max, double above, double below) {
    static final Range ALL =
        new Range(
            Double.NEGATIVE_INFINITY,
            Double.POSITIVE_INFINITY,
            Double.NEGATIVE_INFINITY,
            Double.POSITIVE_INFINITY);

    boolean holds(double value) {
      return equals(ALL)
          || (Double.isFinite(value)
              && value >= min
              && value <= max
              && value > above
              && value < below);
    }

    /** Returns the words for it: at least 0 and less than 1. */
    String words() {
      String low =
          above > min
              ? "more than " + PeftWriter.number(above)
              : min > Double.NEGATIVE_INFINITY ? "at least " + PeftWriter.number(min) : "";
      String high =
          below < max
              ? "less than " + PeftWriter.number(below)
              : max < Double.POSITIVE_INFINITY ? "at most " + PeftWriter.number(max) : "";
      return low + (low.isEmpty() || high.isEmpty() ? "" : " and ") + high;
    }
  }
}
