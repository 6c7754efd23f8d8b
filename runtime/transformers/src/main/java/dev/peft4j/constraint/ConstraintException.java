package dev.peft4j.constraint;

/** A regular expression or JSON Schema that cannot be a constraint: it says where, and why. */
public final class ConstraintException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  private final String place;

  /**
   * Makes an exception.
   *
   * @param place where: a JSON pointer into the schema, or a position in the expression
   * @param problem what is wrong, to follow the place
   */
  public ConstraintException(String place, String problem) {
    super(place + " " + problem);
    this.place = place;
  }

  /** Returns where the problem is: a JSON pointer, or a position in the expression. */
  public String place() {
    return place;
  }
}
