package dev.peft4j.generate;

import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Rotary;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderLayerStyle;
import java.util.Objects;
import java.util.function.ToIntFunction;

/** A causal language model as generation sees it. */
record CausalLmModel(CausalLm model) implements DecodingModel {
  @Override
  public Tensor hidden(Tensor ids, KeyValueCache cache) {
    return model.hidden(ids, cache);
  }

  @Override
  public void prime(KeyValueCache cache) {
    model.prime(cache);
  }

  @Override
  public Tensor logits(Tensor hidden) {
    return model.logits(hidden);
  }

  @Override
  public int vocabulary() {
    return model.config().vocabSize();
  }

  @Override
  public int positions() {
    return Math.max(1, model.config().maxPositions() - model.virtualTokens());
  }

  @Override
  public boolean bounded() {
    return model.config().style().learnedPositions();
  }

  @Override
  public int cacheFixedUpTo() {
    return least(Rotary::fixedUpTo);
  }

  @Override
  public int cacheSwitchesAt() {
    return least(Rotary::switchesAt);
  }

  private int least(ToIntFunction<Rotary> length) {
    return model.config().style().layers().stream()
        .map(DecoderLayerStyle::rotary)
        .filter(Objects::nonNull)
        .mapToInt(length)
        .min()
        .orElse(Integer.MAX_VALUE);
  }

  @Override
  public Module module() {
    return model;
  }
}
