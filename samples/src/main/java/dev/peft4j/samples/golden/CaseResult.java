package dev.peft4j.samples.golden;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What came out of a case.
 *
 * @param status how it ended
 * @param differences what was compared; empty if nothing was
 * @param reasons why it is not ok; empty if it is
 */
record CaseResult(Status status, List<Difference> differences, List<String> reasons) {
  /** How a case may end. */
  enum Status {
    /** Everything agrees. */
    OK("ok"),
    /** Something does not. */
    FAILED("FAILED"),
    /** Not attempted: peft4j does not have what the case needs. */
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

  /** Numbers, status and reasons in one line. */
  @Override
  public String toString() {
    String numbers = differences.stream().map(d -> d + "  ").collect(Collectors.joining());
    return numbers + status + (reasons.isEmpty() ? "" : ": " + String.join("; ", reasons));
  }
}
