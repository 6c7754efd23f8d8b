package dev.peft4j.generate;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.peft4j.backend.Profile;
import dev.peft4j.data.Rng;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.LlamaForCausalLM;
import java.lang.management.ManagementFactory;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** How the cost of a token grows with the text before it; in operations and bytes, not in time. */
class GenerationGrowthTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Of two layers; a list of the tokens so far would take 4,000 bytes more for the last one. */
  private static final long BYTES_A_TOKEN = 12_000;

  private static CausalLm model() {
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(96)
            .hiddenSize(32)
            .layers(2)
            .heads(4)
            .kvHeads(2)
            .intermediateSize(48)
            .maxPositions(2048)
            .build();
    CausalLm m = Rng.with(new Rng(5), () -> new LlamaForCausalLM(config));
    m.eval();
    return m;
  }

  private static void generate(Generator generator, int tokens) {
    GenerationConfig all =
        GenerationConfig.builder().maxNewTokens(tokens).minNewTokens(tokens).build();
    int made = generator.with(all).generate(new int[] {7}).rows().getFirst().tokens().length;
    assertThat(made).isEqualTo(tokens);
  }

  /** Floating-point operations of each kind of op. */
  private static TreeMap<String, Long> operations(Generator generator, int tokens) {
    Profile profile = new Profile();
    profile.measure(
        () -> {
          generate(generator, tokens);
          return true;
        });
    TreeMap<String, Long> all = new TreeMap<>();
    for (Profile.Entry e : profile.entries()) {
      all.merge(e.op().name(), e.flops(), Long::sum);
    }
    return all;
  }

  /** Sixteen times as many tokens take sixteen times the work of everything but attention. */
  @Test
  void theCostOfATokenGrowsByAttentionAlone() {
    Generator generator = Generator.of(model());
    TreeMap<String, Long> few = operations(generator, 64);
    TreeMap<String, Long> many = operations(generator, 1024);
    assertThat(many.keySet()).isEqualTo(few.keySet()).contains("Attention", "linear");
    few.forEach(
        (op, count) -> {
          double growth = many.get(op) / (double) Math.max(1, count);
          if (op.equals("Attention")) {
            // over the capacities on the way: at most the square, doubled by a step
            assertThat(growth).as(op).isBetween(16.0, 2 * 256.0);
          } else if (count > 0) {
            assertThat(growth).as(op).isBetween(15.0, 17.0);
          }
        });
  }

  /**
   * What a token leaves on the heap is little and does not grow with the text. Until HotSpot has
   * compiled a vector loop its vectors are objects, so there are several rounds.
   */
  @Test
  void aThousandTokensLeaveNoGarbageBeyondABound() {
    Generator generator = Generator.of(model());
    long bytes = Long.MAX_VALUE;
    for (int round = 0; round < 30 && bytes > BYTES_A_TOKEN; round++) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      generate(generator, 1000);
      bytes = (THREADS.getCurrentThreadAllocatedBytes() - before) / 1000;
    }
    assertThat(bytes).isLessThan(BYTES_A_TOKEN);
  }
}
