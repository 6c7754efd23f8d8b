package dev.peft4j.tuner.vblora;

import com.google.auto.service.AutoService;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.SettingsTuner;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.vblora.VbLoraConfig.Builder;
import java.util.List;
import java.util.SequencedMap;

/**
 * Low-rank matrices made of the vectors of one bank (Li et al. 2024), peft's {@code VBLORA}: the
 * weight gets B · A, and each part of {@code vectorLength} numbers of a row of A or a column of B
 * is a mean of the {@code topk} vectors of the bank whose logits are largest, weighted by their
 * softmax. The bank (vectors, length) is shared by all layers; it and the logits are trained.
 */
@AutoService(Tuner.class)
public final class VbLoraTuner extends SettingsTuner<VbLoraConfig, WeightedLayer> {
  /** peft's name. */
  public static final String PEFT_TYPE = "VBLORA";

  private static final SettingsFile<VbLoraConfig, Builder> FILE =
      SettingsFile.of(PEFT_TYPE, VbLoraConfig.class, VbLoraConfig::builder)
          .size("r", 4, VbLoraConfig::r, Builder::r)
          .size("num_vectors", 256, VbLoraConfig::vectors, Builder::vectors)
          .size("vector_length", 256, VbLoraConfig::vectorLength, Builder::vectorLength)
          .integer("topk", 2, 1, VbLoraConfig::topk, Builder::topk)
          .flagAtStart(
              "save_only_topk_weights",
              false,
              VbLoraConfig::saveOnlyTopkWeights,
              Builder::saveOnlyTopkWeights)
          .dropout("vblora_dropout", VbLoraConfig::dropout, Builder::dropout)
          .decimalAtStart(
              "init_vector_bank_bound",
              0.02,
              VbLoraConfig::vectorBankBound,
              Builder::vectorBankBound)
          .decimalAtStart("init_logits_std", 0.1, VbLoraConfig::logitsStd, Builder::logitsStd)
          .fanInFanOut()
          .bias("vblora_only")
          .exclude()
          .layers();

  /** Creates it for {@link java.util.ServiceLoader}. */
  public VbLoraTuner() {
    super(VbLoraConfig.class, VbLora.class, FILE, List.of(Linear.class, TransposedLinear.class));
  }

  @Override
  public String modelType() {
    return "VBLoRAModel";
  }

  @Override
  protected TunerLayer layer(
      String path, WeightedLayer layer, VbLoraConfig config, TunerContext context) {
    return new VbLoraLayer(path, layer, config, context);
  }

  @Override
  public SequencedMap<String, StoredTensor> stored(
      VbLoraConfig config, SequencedMap<String, StoredTensor> tensors) {
    return config.saveOnlyTopkWeights() ? TopWeights.stored(tensors, config.topk()) : tensors;
  }

  @Override
  public SequencedMap<String, StoredTensor> loaded(
      VbLoraConfig config, SequencedMap<String, StoredTensor> tensors) {
    return config.saveOnlyTopkWeights() ? TopWeights.loaded(tensors, config.vectors()) : tensors;
  }
}
