package dev.peft4j.cli;

import dev.peft4j.annotation.Init;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.lora.LoraConfig;
import dev.peft4j.tuner.lora.LoraData;
import dev.peft4j.tuner.lora.LoraOffset;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The start of an adapter that looks at the training data (EVA, CorDA, LoRA-GA) or at what
 * quantized weights have lost (LoftQ). What CorDA and LoRA-GA take off the base the saved adapter
 * makes up for, so that it fits the model in its folder.
 */
final class DataStart {
  private static final String ADAPTER = "default";

  private final AdaptedModel<?> model;
  private final @Nullable LoraOffset offset;

  private DataStart(AdaptedModel<?> model, @Nullable LoraOffset offset) {
    this.model = model;
    this.offset = offset;
  }

  /**
   * Starts an adapter as its settings ask; one that asks for nothing stays as it is.
   *
   * @param count of batches that are looked at, at most
   */
  static <B> DataStart of(
      AdaptedModel<?> model,
      ModelOptions options,
      Batches<B> batches,
      int count,
      Function<B, Tensor> loss)
      throws IOException {
    PeftConfig config = model.adapters().config(ADAPTER);
    if (!(config instanceof LoraConfig lora) || !LoraData.wantsStart(config)) {
      return new DataStart(model, null);
    }
    if (lora.init() == Init.LOFTQ) {
      loftq(model, options, lora);
      return new DataStart(model, null);
    }
    List<Supplier<Tensor>> losses =
        IntStream.range(0, Math.min(count, batches.count()))
            .<Supplier<Tensor>>mapToObj(i -> () -> loss.apply(batches.get(0, i)))
            .toList();
    return CommandException.ofSettings(
        () -> {
          model
              .adapters()
              .evaluating(
                  () -> {
                    LoraData.start(model, losses);
                    return true;
                  });
          boolean taken = lora.init() == Init.CORDA || lora.init() == Init.LORA_GA;
          return new DataStart(model, taken ? LoraOffset.of(model, ADAPTER) : null);
        });
  }

  private static void loftq(AdaptedModel<?> model, ModelOptions options, LoraConfig lora)
      throws IOException {
    if (options.quantize == null || !(model.model() instanceof CausalLm)) {
      throw new UsageException(
          "the start loftq makes up for what --quantize loses: give --quantize nf4 or int8, to a"
              + " language model");
    }
    if (String.valueOf(lora.startSettings()).contains("\"loftq_iter\": ")
        && !String.valueOf(lora.startSettings()).contains("\"loftq_iter\": 1}")) {
      throw new UsageException(
          "--loftq iterations must be 1: with more of them the weights would not be those that"
              + " --quantize gives when the adapter is used");
    }
    Module plain = Transformers.causalLm(options.folder);
    Map<String, WeightedLayer> layers = new HashMap<>();
    for (NamedModule m : plain.namedModules()) {
      if (m.module() instanceof WeightedLayer layer) {
        layers.put(m.name(), layer);
      }
    }
    CommandException.ofSettings(
        () -> {
          LoraData.loftq(
              model,
              ADAPTER,
              path -> dev.peft4j.tuner.Weights.numbers(Objects.requireNonNull(layers.get(path))));
          return true;
        });
  }

  /** Saves the adapter for the model as its folder has it. */
  void save(Path folder) {
    if (offset == null) {
      model.save(folder);
    } else {
      offset.save(folder);
    }
  }
}
