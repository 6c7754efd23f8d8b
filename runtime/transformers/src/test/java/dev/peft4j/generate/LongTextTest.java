package dev.peft4j.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Rotary;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.DecoderLayerStyle;
import dev.peft4j.transformers.DecoderStyle;
import dev.peft4j.transformers.LlamaForCausalLM;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts that grow beyond the length from which on a longrope rotates all of their tokens anew. */
class LongTextTest {
  private static final int BORDER = 24;
  private static final int NEW = 20;
  private static final CausalLm MODEL = model();

  private static CausalLm model() {
    Rotary longrope =
        Rotary.of(8, 10000)
            .longrope(new float[] {1, 1.1f, 1.2f, 1.5f}, new float[] {1, 2, 4, 9}, BORDER, 1.2);
    DecoderLayerStyle layer = new DecoderLayerStyle(longrope, 0);
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(61)
            .hiddenSize(32)
            .layers(3)
            .heads(4)
            .kvHeads(2)
            .headDim(8)
            .intermediateSize(40)
            .maxPositions(96)
            .initializerRange(0.35)
            .tied(false)
            .style(DecoderStyle.builder().layers(Collections.nCopies(3, layer)).build())
            .build();
    CausalLm m = Rng.with(new Rng(3), () -> new LlamaForCausalLM(config));
    m.eval();
    return m;
  }

  private static int[] prompt(int length) {
    int[] ids = new int[length];
    Arrays.setAll(ids, i -> 1 + (i * i * 7 + i * 3 + length) % 60);
    return ids;
  }

  private static GenerationConfigBuilder greedy() {
    return GenerationConfig.builder().maxNewTokens(NEW);
  }

  private static int[] run(GenerationConfig config, int... prompt) {
    return Generator.of(MODEL).with(config).generate(prompt).rows().getFirst().tokens();
  }

  /** The most probable tokens, by a whole pass for each. */
  private static int[] expected(int... prompt) {
    int[] all = prompt.clone();
    for (int i = 0; i < NEW; i++) {
      int[] best = MODEL.forward(Tensor.of(all, 1, all.length)).argmax();
      all = Arrays.copyOf(all, all.length + 1);
      all[all.length - 1] = best[all.length - 2];
    }
    return Arrays.copyOfRange(all, prompt.length, all.length);
  }

  @ParameterizedTest
  @ValueSource(ints = {10, BORDER - 1, BORDER, BORDER + 1, 40})
  void keysAreComputedAgain(int length) {
    int[] prompt = prompt(length);
    int[] expected = expected(prompt);
    assertThat(run(greedy().build(), prompt)).containsExactly(expected);
    assertThat(run(greedy().useCache(false).build(), prompt)).containsExactly(expected);
    assertThat(run(greedy().promptLookup(5).build(), prompt)).containsExactly(expected);
  }

  /** The longest row decides for all of them. */
  @Test
  void rowsOfABatchCrossTogether() {
    int[][] prompts = {prompt(20), prompt(5), prompt(12)};
    Generator g = Generator.of(MODEL);
    List<int[]> cached = tokens(g.with(greedy().build()).generate(prompts));
    List<int[]> whole = tokens(g.with(greedy().useCache(false).build()).generate(prompts));
    for (int b = 0; b < prompts.length; b++) {
      assertThat(cached.get(b)).containsExactly(whole.get(b));
    }
    assertThat(cached.getFirst()).containsExactly(expected(prompts[0]));
  }

  private static List<int[]> tokens(GenerationResult result) {
    return result.rows().stream().map(Generated::tokens).toList();
  }

  /** The score of the best beam is that of whole passes. */
  @Test
  void beamsCross() {
    int[] prompt = prompt(BORDER - 1);
    GenerationConfig c = GenerationConfig.builder().maxNewTokens(3).numBeams(4).build();
    Generated best = Generator.of(MODEL).with(c).generate(prompt).rows().getFirst();
    int[] all = Arrays.copyOf(prompt, prompt.length + 3);
    System.arraycopy(best.tokens(), 0, all, prompt.length, 3);
    double score = 0;
    for (int n = prompt.length; n < all.length; n++) {
      Tensor logits = MODEL.forward(Tensor.of(Arrays.copyOf(all, n), 1, n)).logSoftmax(-1);
      score += logits.toFloats()[(n - 1) * 61 + all[n]];
    }
    // its score is that of whole texts only if the beams' keys were computed again, too
    assertThat(best.score()).isCloseTo(score / 3, within(1e-5));
  }

  @Test
  void aSessionCrossesAndGoesOn() {
    GenerationSession session = new GenerationSession(Generator.of(MODEL));
    List<Integer> text = new ArrayList<>();
    for (int turn = 0; turn < 4; turn++) {
      for (int id : prompt(7 + turn)) {
        text.add(id);
      }
      int[] prompt = text.stream().mapToInt(i -> i).toArray();
      GenerationConfig c = GenerationConfig.builder().maxNewTokens(4).build();
      int[] made =
          session
              .generate(new GenerationRequest(prompt, c, null), GenerationListener.NONE)
              .rows()
              .getFirst()
              .tokens();
      assertThat(made).containsExactly(Arrays.copyOf(expected(prompt), 4));
      Arrays.stream(made).forEach(text::add);
    }
    assertThat(session.reused()).isGreaterThan(BORDER); // beyond the border it goes on as before
    // a shorter text comes back to the other side
    int[] begin = text.subList(0, 9).stream().mapToInt(i -> i).toArray();
    int[] made =
        session
            .generate(new GenerationRequest(begin, greedy().build(), null), GenerationListener.NONE)
            .rows()
            .getFirst()
            .tokens();
    assertThat(made).containsExactly(expected(begin));
  }
}
