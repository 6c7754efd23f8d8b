package dev.peft4j.samples.golden;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The result of a case.
 *
 * @param status how it ended
 * @param differences the comparisons; empty if there were none
 * @param reasons why it is not ok; empty if it is ok
 */
record CaseResult(Status status, List<Difference> differences, List<String> reasons) {
  /** The outcome of a case. */
  enum Status {
    /** Everything agrees. */
    OK("ok"),
    /** Something differs. */
    FAILED("FAILED"),
    /** The case was not attempted: it needs something that peft4j does not support. */
    UNSUPPORTED("unsupported");

    private final String word;

    Status(String word) {
      this.word = word;
    }

    @Override
    public String toString() {
      return word;
    }
  }

  static CaseResult unsupported(String reason) {
    return new CaseResult(Status.UNSUPPORTED, List.of(), List.of(oneLine(reason)));
  }

  static CaseResult failed(String reason) {
    return new CaseResult(Status.FAILED, List.of(), List.of(oneLine(reason)));
  }

  static CaseResult of(List<Difference> differences, List<String> otherReasons) {
    List<String> reasons = new ArrayList<>(otherReasons.stream().map(CaseResult::oneLine).toList());
    differences.stream().filter(Difference::tooLarge).forEach(d -> reasons.add(d.complaint()));
    return new CaseResult(
        reasons.isEmpty() ? Status.OK : Status.FAILED, differences, List.copyOf(reasons));
  }

  private static String oneLine(String text) {
    return text.replaceAll("\\s*\\R\\s*", " ");
  }

  /** Returns numbers, status and reasons in one line. */
  @Override
  public String toString() {
    String numbers = differences.stream().map(d -> d + "  ").collect(Collectors.joining());
    return numbers + status + (reasons.isEmpty() ? "" : ": " + String.join("; ", reasons));
  }
}
