package dev.peft4j.samples.golden;

import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;

/** A network of an embedding and two linear layers, with the mean over time in between. */
final class Tagger extends Module {
  private final Embedding embed = new Embedding(40, 16);
  private final Linear proj = new Linear(16, 16);
  private final Linear out = new Linear(16, 5);

  /** Returns the logits (n, 5) for ids (n, time). */
  Tensor forward(Tensor ids) {
    return out.forward(proj.forward(embed.forward(ids)).tanh().mean(1));
  }
}
