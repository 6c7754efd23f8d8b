package dev.peft4j.transformers;

import dev.peft4j.log.Log;

/**
 * The logger of the warning that a model has no pooler: one of its own, so that a program that
 * knows its adapter to bring one, as the command line does, can switch it off.
 */
final class NewPooler {
  static final Log LOG = Log.of(NewPooler.class);

  private NewPooler() {}
}
