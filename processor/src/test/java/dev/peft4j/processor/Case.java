package dev.peft4j.processor;

/**
 * @param source what follows the imports
 * @param pointedAt the text that the diagnostic has to point at, or its beginning with ... for long
 *     ones
 * @param says what the message has to contain
 */
record Case(Diagnostic diagnostic, String source, String pointedAt, String... says) {
  @Override
  public String toString() {
    return diagnostic + " at " + pointedAt;
  }

  /** A model with a bit of everything. */
  static final String MODEL =
      """
      public class M extends Module {
          static class Block extends Module {
              final Linear qProj = new Linear(2, 2);
              final Linear vProj = new Linear(2, 2);
              final LayerNorm norm = new LayerNorm(2);
          }
          static class Encoder extends Module {
              final Linear fc = new Linear(2, 2);
              final List<Block> layers = List.of(new Block());
          }
          final Linear linear = new Linear(2, 2);
          final Encoder encoder = new Encoder();
          final List<Block> blocks = List.of();
          final LayerNorm norm = new LayerNorm(2);
          final Linear lmHead = new Linear(2, 2);
      }
      """;

  static Case model(Diagnostic diagnostic, String annotation, String pointedAt, String... says) {
    return new Case(diagnostic, annotation + "\n" + MODEL, pointedAt, says);
  }

  static Case body(Diagnostic diagnostic, String source, String pointedAt, String... says) {
    return new Case(diagnostic, source, pointedAt, says);
  }
}
