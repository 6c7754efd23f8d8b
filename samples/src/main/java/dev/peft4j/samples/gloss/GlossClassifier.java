package dev.peft4j.samples.gloss;

import dev.peft4j.annotation.Peft;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.BertModel;
import dev.peft4j.transformers.Pooling;
import dev.peft4j.transformers.TokenBatch;

/** A sentence encoder, mean pooling and a linear head. */
@Peft(
    target = {"query", "value"},
    r = 8,
    alpha = 16,
    modulesToSave = "head")
class GlossClassifier extends Module {
  final BertModel encoder;
  final Linear head;

  /** Creates a new head on an encoder. */
  GlossClassifier(BertModel encoder) {
    this.encoder = encoder;
    this.head = new Linear(encoder.config().hiddenSize(), Topics.count());
  }

  /** Returns the logits (texts, topics). */
  Tensor forward(TokenBatch texts) {
    // as in training with transformers: all tokens are of type 0
    Tensor hidden = encoder.forward(texts.inputIds(), texts.attentionMask());
    return head.forward(Pooling.mean(hidden, texts.attentionMask()));
  }
}
