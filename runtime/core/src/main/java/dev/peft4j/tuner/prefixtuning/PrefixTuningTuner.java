package dev.peft4j.tuner.prefixtuning;

import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.auto.service.AutoService;
import dev.peft4j.nn.Module;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.prefixtuning.PrefixTuningConfig.Builder;
import dev.peft4j.tuner.prompt.PrefixLayer;
import dev.peft4j.tuner.prompt.PrefixTuner;

/**
 * Prefix tuning (Li and Liang 2021), peft's {@code PREFIX_TUNING}: keys and values that are trained
 * stand in front of those of each layer's attention; positions count them. The parameter is
 * (virtual tokens, layers · 2 · width of the keys). With {@code projection} it is computed in
 * training: W₂·tanh(W₁·e + b₁) + b₂ for an embedding e of each token; a file has only the result,
 * so training cannot go on from it.
 */
@AutoService(Tuner.class)
public final class PrefixTuningTuner extends PrefixTuner<PrefixTuningConfig> {
  /** peft's name. */
  public static final String PEFT_TYPE = "PREFIX_TUNING";

  private static final String START = "init_weights";

  private static final SettingsFile<PrefixTuningConfig, Builder> FILE =
      file(
          SettingsFile.of(PEFT_TYPE, PrefixTuningConfig.class, PrefixTuningConfig::builder)
              .optionalInteger(
                  "encoder_hidden_size",
                  PrefixTuningConfig::encoderHiddenSize,
                  Builder::encoderHiddenSize)
              .flagAtStart(
                  "prefix_projection", false, PrefixTuningConfig::projection, Builder::projection)
              .setting(
                  START,
                  NullNode.instance,
                  (f, b) -> {
                    String start = f.text(START);
                    if (start != null && !start.equals("zero")) {
                      throw f.wrong(START, f.get(START), "\"zero\" or null");
                    }
                    b.zeroStart(start != null);
                  },
                  c -> c.zeroStart() ? TextNode.valueOf("zero") : NullNode.instance,
                  false));

  /** Creates it for {@link java.util.ServiceLoader}. */
  public PrefixTuningTuner() {
    super(PrefixTuningConfig.class, PrefixTuning.class, FILE);
  }

  @Override
  public PrefixTuningConfig attachedTo(PrefixTuningConfig config, Module layer) {
    PrefixTuningConfig sized = super.attachedTo(config, layer);
    return sized.encoderHiddenSize() == 0
        ? sized.withEncoderHiddenSize(sized.virtual().width())
        : sized;
  }

  @Override
  protected PrefixLayer.Table table(PrefixTuningConfig config, TunerContext context) {
    return new PrefixTable(config, context.rng());
  }
}
