package dev.peft4j.tuner.ptuning;

import com.google.auto.service.AutoService;
import dev.peft4j.nn.ModelSlot;
import dev.peft4j.nn.Module;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.prompt.PromptTuner;
import dev.peft4j.tuner.ptuning.PTuningConfig.Builder;
import java.util.List;
import java.util.Set;

/**
 * P-tuning (Liu et al. 2021), peft's {@code P_TUNING}: virtual tokens in front of the embeddings of
 * each text, which a small network computes from embeddings of its own. The network is trained with
 * them; a file has only the virtual tokens, (virtual tokens, hidden), so training cannot go on from
 * it.
 */
@AutoService(Tuner.class)
public final class PTuningTuner extends PromptTuner<PTuningConfig> {
  /** peft's name. */
  public static final String PEFT_TYPE = "P_TUNING";

  private static final SettingsFile<PTuningConfig, Builder> FILE =
      file(
          SettingsFile.of(PEFT_TYPE, PTuningConfig.class, PTuningConfig::builder)
              .choiceAtStart(
                  "encoder_reparameterization_type",
                  PromptEncoderType.MLP,
                  List.of("MLP", "LSTM"),
                  PTuningConfig::encoder,
                  Builder::encoder)
              .optionalInteger(
                  "encoder_hidden_size",
                  PTuningConfig::encoderHiddenSize,
                  Builder::encoderHiddenSize)
              .integerAtStart(
                  "encoder_num_layers", 2, 1, PTuningConfig::encoderLayers, Builder::encoderLayers)
              .dropout("encoder_dropout", PTuningConfig::encoderDropout, Builder::encoderDropout));

  /** Creates it for {@link java.util.ServiceLoader}. */
  public PTuningTuner() {
    super(PTuningConfig.class, PTuning.class, FILE, Set.of(ModelSlot.Kind.INPUTS));
  }

  @Override
  public PTuningConfig attachedTo(PTuningConfig config, Module layer) {
    PTuningConfig sized = super.attachedTo(config, layer);
    return sized.encoderHiddenSize() == 0
        ? sized.withEncoderHiddenSize(sized.virtual().width())
        : sized;
  }

  @Override
  protected TunerLayer layer(ModelSlot slot, PTuningConfig config, TunerContext context) {
    return new PTuningLayer(slot.model(), config, context.rng());
  }
}
