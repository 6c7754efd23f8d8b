package dev.peft4j.transformers;

import dev.peft4j.log.Log;

/**
 * The logger of the warning that a checkpoint lacks a layer between encoder and classifier, such as
 * BERT's pooler: one of its own, so that a program that knows its adapter to bring it, as the
 * command line does, can switch it off.
 */
final class NewLayers {
  static final Log LOG = Log.of(NewLayers.class);

  private NewLayers() {}
}
