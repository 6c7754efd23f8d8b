package dev.peft4j.processor;

/**
 * A problem to report to the user.
 *
 * @param diagnostic its kind
 * @param site where it is
 * @param message what was found and what would have been right
 */
record Problem(Diagnostic diagnostic, Site site, String message) {

  static Problem of(Diagnostic diagnostic, Site site, Object... details) {
    return new Problem(diagnostic, site, diagnostic.id() + ": " + diagnostic.text(details));
  }
}
