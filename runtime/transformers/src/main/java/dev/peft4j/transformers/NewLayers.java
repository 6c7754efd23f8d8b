package dev.peft4j.transformers;

import dev.peft4j.log.Log;

/**
 * The logger of the warning that a checkpoint lacks a layer between encoder and classifier, such as
 * BERT's pooler: a separate one, so that a program that knows that its adapter has the layer, as
 * the command line does, can switch it off.
 */
final class NewLayers {
  static final Log LOG = Log.of(NewLayers.class);

  private NewLayers() {}
}
