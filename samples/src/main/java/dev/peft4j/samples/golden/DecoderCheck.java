package dev.peft4j.samples.golden;

import dev.peft4j.data.DType;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderInput;
import dev.peft4j.transformers.Transformers;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A comparison of a decoder itself, without an adapter, with what transformers computed. */
final class DecoderCheck {
  private static final double TOLERANCE = 1e-5;

  private final GoldenCase golden;
  private final SafeTensors io;
  private final CausalLm model;
  private final Difference hidden = Difference.scaled("hidden", TOLERANCE);
  private final Difference output = Difference.scaled("output", TOLERANCE);
  private final Difference loss = new Difference("loss", TOLERANCE);
  private final Difference gradients = Difference.scaled("gradients", TOLERANCE);
  private final List<String> wrong = new ArrayList<>();

  DecoderCheck(GoldenCase golden, SafeTensors io) throws IOException {
    this.golden = golden;
    this.io = io;
    this.model = Transformers.causalLm(golden.modelFolder());
  }

  CaseResult run() throws IOException {
    DecoderInput right = input("right");
    Tensor mask = right.attentionMask();
    Tensor logits = model.forward(right);
    output.add("right.logits", logits, tensor("right.logits"));
    losses(logits);
    List<Tensor> states = model.hiddenStates(right);
    for (int i = 0; i < states.size(); i++) {
      hidden.add("right.hidden." + i, states.get(i), tensor("right.hidden." + i));
    }
    DecoderInput left = input("left");
    mask = left.attentionMask();
    Tensor positions = io.contains("left.position_ids") ? tensor("left.position_ids") : null;
    visible("left.logits", model.forward(left.withPositions(positions)), mask);
    if (io.contains("left.logits_arange")) {
      visible("left.logits_arange", model.forward(left), mask);
    }
    if (io.contains("packed.logits")) {
      Tensor packed =
          model.forward(
              DecoderInput.of(tensor("packed.input_ids"))
                  .withPositions(tensor("packed.position_ids")));
      output.add("packed.logits", packed, tensor("packed.logits"));
    }
    if (io.contains("cache.logits")) {
      output.add("cache.logits", cached(), tensor("cache.logits"));
    }
    otherSpelling(right);
    if (io.contains("full.grad." + model.namedParameters().getFirst().name())) {
      fullGradients(right);
    }
    return CaseResult.of(
        io.contains("packed.logits")
            ? List.of(hidden, output, loss, gradients)
            : List.of(hidden, output, loss),
        wrong);
  }

  private DecoderInput input(String rows) throws IOException {
    return DecoderInput.of(tensor(rows + ".input_ids")).withMask(tensor(rows + ".attention_mask"));
  }

  private Tensor tensor(String name) throws IOException {
    return GoldenCase.tensor(io, name);
  }

  private void losses(Tensor logits) throws IOException {
    Tensor labels = tensor("right.labels");
    Tensor mean = DecoderRunner.loss(logits, labels);
    loss.add("right.loss", mean.reshape(1), tensor("right.loss"));
    int counted = 0;
    long[] all = labels.toLongs();
    for (int i = 0; i < all.length; i++) {
      counted += i % labels.dim(1) > 0 && all[i] != -100 ? 1 : 0;
    }
    loss.add(
        "right.loss_items",
        mean.mul((float) counted / golden.items()).reshape(1),
        tensor("right.loss_items"));
  }

  /** Compares logits of tokens: what is computed for padding on the left means nothing. */
  private void visible(String name, Tensor found, @Nullable Tensor mask) throws IOException {
    Tensor seen = mask == null ? Tensor.ones(1) : mask.toFloat().unsqueeze(2);
    output.add(name, found.mul(seen), tensor(name).mul(seen));
  }

  /** Returns the logits of the first row, some tokens at once and then one by one. */
  private Tensor cached() throws IOException {
    int[] ids = tensor("right.input_ids").slice(0, 0, 1).toInts();
    KeyValueCache cache = new KeyValueCache(1, Math.max(ids.length, model.config().maxPositions()));
    List<Tensor> parts = new ArrayList<>();
    Storage next = Storage.allocate(DType.INT32, 1);
    int first = golden.prefill();
    for (int at = 0; at < ids.length; ) {
      int count = at == 0 ? first : 1;
      int from = at;
      next.segment().set(ValueLayout.JAVA_INT_UNALIGNED, 0, ids[at]);
      next.modified();
      cache.begin(count);
      Storage[] y =
          cache.compute(
              "logits",
              () -> {
                Tensor tokens =
                    count == 1
                        ? Tensor.of(next, Shape.of(1, 1))
                        : Tensor.of(
                            java.util.Arrays.copyOfRange(ids, from, from + count), 1, count);
                return new Tensor[] {model.logits(model.hidden(tokens, cache))};
              });
      cache.advance();
      parts.add(Tensor.of(y[0].toFloats(), 1, count, model.config().vocabSize()));
      at += count;
    }
    return Tensor.concat(1, parts.toArray(Tensor[]::new));
  }

  /** Compares the model with its settings as older releases spell them. */
  private void otherSpelling(DecoderInput right) throws IOException {
    if (Files.exists(golden.hubConfig())) {
      Tensor other = HubConfig.with(golden, f -> Transformers.causalLm(f).forward(right));
      output.add("hub_config's logits", other, tensor("right.logits"));
    }
  }

  private void fullGradients(DecoderInput right) throws IOException {
    CausalLm trained = Transformers.causalLm(golden.modelFolder(), Encodings.FLOAT32);
    trained.unfreeze();
    trained.train();
    DecoderRunner.loss(trained.forward(right), tensor("right.labels")).backward();
    for (NamedParameter p : trained.namedParameters()) {
      Tensor g = p.parameter().grad();
      if (g == null) {
        wrong.add("no gradient reached " + p.name());
      } else {
        gradients.add(p.name(), g, tensor("full.grad." + p.name()));
      }
    }
  }
}
