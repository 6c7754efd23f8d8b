package dev.peft4j.samples.golden;

import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.BertForSequenceClassification;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderInput;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * A base model of the cases of tuners of the whole model, with the inputs that it is called with.
 *
 * @param output the result of all tokens, virtual ones included
 * @param loss the loss, as users compute it
 */
record WholeModel(Module module, Supplier<Tensor> output, Supplier<Tensor> loss) {
  static WholeModel of(Module module, Map<String, Tensor> inputs, Tensor target) {
    Tensor ids = Objects.requireNonNull(inputs.get("input_ids"));
    Tensor mask = inputs.get("attention_mask");
    if (module instanceof CausalLm lm) {
      DecoderInput in = DecoderInput.of(ids).withMask(mask);
      return new WholeModel(
          lm,
          () -> lm.logits(lm.hiddenWithVirtual(in)),
          () -> lm.loss(new CausalBatch(in, target)));
    }
    BertForSequenceClassification bert = (BertForSequenceClassification) module;
    return new WholeModel(
        bert, () -> bert.forward(ids, mask), () -> bert.loss(bert.forward(ids, mask), target));
  }
}
