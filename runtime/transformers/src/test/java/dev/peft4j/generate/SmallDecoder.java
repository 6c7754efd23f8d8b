package dev.peft4j.generate;

import dev.peft4j.data.Rng;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.DecoderStyle;
import dev.peft4j.transformers.LlamaForCausalLM;
import java.util.List;

/** A decoder of a few thousand weights, and short ways to let it write. */
final class SmallDecoder {
  static final int VOCABULARY = 37;

  private SmallDecoder() {}

  static CausalLm model(int positions, DecoderStyle style) {
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(VOCABULARY)
            .hiddenSize(16)
            .layers(2)
            .heads(4)
            .kvHeads(2)
            .headDim(4)
            .intermediateSize(24)
            .maxPositions(positions)
            .initializerRange(0.4)
            .tied(false)
            .style(style)
            .build();
    CausalLm m = Rng.with(new Rng(4), () -> new LlamaForCausalLM(config));
    m.eval();
    return m;
  }

  static CausalLm model() {
    return model(64, DecoderStyle.builder().build());
  }

  static GenerationConfig tokens(int n) {
    return GenerationConfig.builder().maxNewTokens(n).build();
  }

  static int[] run(Generator g, GenerationConfig c, int... prompt) {
    return g.run(List.of(new GenerationRequest(prompt, c, null)), GenerationListener.NONE)
        .rows()
        .getFirst()
        .tokens();
  }
}
