package dev.peft4j.generate;

import static dev.peft4j.generate.SmallDecoder.model;
import static dev.peft4j.generate.SmallDecoder.run;
import static dev.peft4j.generate.SmallDecoder.tokens;
import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderStyle;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/** What a long text costs besides its computations. */
class GeneratorCostTest {
  @Test
  void aThousandTokensAreAFewProgramsAndLittleGarbage() {
    Backend backend = Backends.current();
    CausalLm m = model(2048, DecoderStyle.builder().build());
    Generator g = Generator.of(m);
    run(g, tokens(1000), 1, 2, 3); // capacities of 64, 128, ..., 1024
    long compiled = backend.programs().compilations();
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    // until HotSpot has compiled the vector loops, vectors are objects
    for (int round = 0; round < 20 && least > 20_000_000; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      assertThat(run(g, tokens(1000), 1, 2, 3)).hasSize(1000);
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertThat(backend.programs().compilations()).isEqualTo(compiled);
    assertThat(least / 1000).as("bytes a token").isLessThan(20_000);
    CountingModel counting = new CountingModel(m);
    run(Generator.of(counting), tokens(1000), 1, 2, 3);
    assertThat(counting.graphs).as("graphs, one for the prompt and one a capacity").isEqualTo(6);
  }

  /** Counts the graphs that are built. */
  private static final class CountingModel implements DecodingModel {
    private final DecodingModel model;
    private int graphs;

    CountingModel(CausalLm model) {
      this.model = new CausalLmModel(model);
    }

    @Override
    public Tensor hidden(Tensor ids, dev.peft4j.nn.KeyValueCache cache) {
      graphs++;
      return model.hidden(ids, cache);
    }

    @Override
    public Tensor logits(Tensor hidden) {
      return model.logits(hidden);
    }

    @Override
    public int vocabulary() {
      return model.vocabulary();
    }

    @Override
    public int positions() {
      return model.positions();
    }

    @Override
    public boolean bounded() {
      return model.bounded();
    }

    @Override
    public dev.peft4j.nn.Module module() {
      return model.module();
    }
  }
}
