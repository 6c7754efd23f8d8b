package dev.peft4j.generate;

import static dev.peft4j.generate.SmallDecoder.VOCABULARY;
import static dev.peft4j.generate.SmallDecoder.model;
import static dev.peft4j.generate.SmallDecoder.run;
import static dev.peft4j.generate.SmallDecoder.tokens;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.backend.Backends;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderStyle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GeneratorTest {
  /** The most probable tokens, by a whole pass for each. */
  private static int[] slow(CausalLm model, int n, int... prompt) {
    int[] all = prompt.clone();
    for (int i = 0; i < n; i++) {
      Tensor logits = model.forward(Tensor.of(all, 1, all.length));
      int[] best = logits.argmax();
      all = Arrays.copyOf(all, all.length + 1);
      all[all.length - 1] = best[all.length - 2];
    }
    return Arrays.copyOfRange(all, prompt.length, all.length);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "reference"})
  void takesTheMostProbableTokens(String backend) {
    Backends.with(
        Backends.named(backend),
        () -> {
          CausalLm m = model();
          int[] prompt = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3};
          assertThat(run(Generator.of(m), tokens(12), prompt)).containsExactly(slow(m, 12, prompt));
          return null;
        });
  }

  @Test
  void rowsOfABatchAreWhatTheyAreAlone() {
    Generator g = Generator.of(model());
    int[][] prompts = {{1, 2, 3}, {4}, {5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}};
    List<GenerationRequest> requests = new ArrayList<>();
    List<int[]> alone = new ArrayList<>();
    GenerationConfig[] configs = {
      tokens(9),
      GenerationConfig.builder().maxNewTokens(20).repetitionPenalty(1.7).build(),
      tokens(3)
    };
    for (int b = 0; b < prompts.length; b++) {
      requests.add(new GenerationRequest(prompts[b], configs[b], null));
      // transformers penalises padding too: token 0, which the model does not choose here
      alone.add(run(g, configs[b], prompts[b]));
    }
    List<Generated> rows = g.run(requests, GenerationListener.NONE).rows();
    for (int b = 0; b < prompts.length; b++) {
      assertThat(rows.get(b).tokens()).containsExactly(alone.get(b));
      assertThat(rows.get(b).reason()).isEqualTo(FinishReason.LENGTH);
    }
  }

  @Test
  void endsAtAnyOfSeveralTokens() {
    Generator g = Generator.of(model());
    int[] free = run(g, tokens(20), 1, 2, 3);
    int end = free[6];
    int first = 0;
    while (free[first] != end) {
      first++;
    }
    GenerationConfig c =
        GenerationConfig.builder().maxNewTokens(20).eosTokenId(VOCABULARY - 1, end).build();
    Generated row = g.with(c).generate(new int[] {1, 2, 3}).rows().getFirst();
    assertThat(row.tokens()).containsExactly(Arrays.copyOf(free, first + 1));
    assertThat(row.reason()).isEqualTo(FinishReason.EOS);
  }

  @Test
  void theSameSeedGivesTheSameTokens() {
    Generator g = Generator.of(model());
    GenerationConfig c =
        GenerationConfig.builder().maxNewTokens(30).temperature(1.5).topK(0).seed(11).build();
    int[] once = run(g, c, 1, 2);
    assertThat(run(g, c, 1, 2)).containsExactly(once);
    assertThat(run(g, c.toBuilder().seed(12).build(), 1, 2)).isNotEqualTo(once);
    List<Generated> rows = g.with(c).generate(new int[] {1, 2}, new int[] {1, 2}).rows();
    assertThat(rows.get(0).tokens()).containsExactly(once);
    assertThat(rows.get(1).tokens()).isNotEqualTo(once);
    GenerationConfig three = c.toBuilder().numReturnSequences(3).build();
    List<Generated> many = g.with(three).generate(new int[] {1, 2}).rows();
    assertThat(many).extracting(Generated::row).containsExactly(0, 0, 0);
    assertThat(many.get(0).tokens()).containsExactly(once);
  }

  @Test
  void samplesByProbability() {
    float[] scores = new float[4];
    for (int i = 0; i < 4; i++) {
      scores[i] = (float) Math.log(i + 1); // 0.1, 0.2, 0.3, 0.4
    }
    Sampler sampler = Sampler.multinomial(3, 0);
    int[] counts = new int[4];
    int n = 100_000;
    for (int i = 0; i < n; i++) {
      counts[sampler.choose(scores)]++;
    }
    for (int i = 0; i < 4; i++) {
      assertThat(counts[i] / (double) n)
          .isCloseTo((i + 1) / 10.0, org.assertj.core.data.Offset.offset(0.006));
    }
    float[] none = new float[4];
    Arrays.fill(none, Float.NEGATIVE_INFINITY);
    assertThatThrownBy(() -> sampler.choose(none)).hasMessageContaining("no token can be drawn");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 10})
  void lookupGivesTheSameTokensInFewerSteps(int most) {
    CausalLm m = model();
    int[] prompt = {7, 8, 9, 10, 7, 8, 9, 10, 7, 8};
    int[] plain = run(Generator.of(m), tokens(40), prompt);
    GenerationConfig c = GenerationConfig.builder().maxNewTokens(40).promptLookup(most).build();
    assertThat(run(Generator.of(m), c, prompt)).containsExactly(plain);
  }

  @Test
  void withoutTheCacheTheTokensAreTheSame() {
    Generator g = Generator.of(model());
    GenerationConfig c = GenerationConfig.builder().maxNewTokens(8).useCache(false).build();
    assertThat(run(g, c, 1, 2, 3)).containsExactly(run(g, tokens(8), 1, 2, 3));
  }

  @Test
  void oneBeamOfManyIsNoWorseThanGreedy() {
    CausalLm m = model();
    Generator g = Generator.of(m);
    GenerationConfig c =
        GenerationConfig.builder().maxNewTokens(6).numBeams(4).numReturnSequences(4).build();
    List<Generated> rows = g.with(c).generate(new int[] {1, 2}, new int[] {3, 4, 5}).rows();
    assertThat(rows).extracting(Generated::row).containsExactly(0, 0, 0, 0, 1, 1, 1, 1);
    for (Generated r : rows) {
      int[] prompt = r.row() == 0 ? new int[] {1, 2} : new int[] {3, 4, 5};
      assertThat(r.score())
          .isCloseTo(
              logProbability(m, prompt, r.tokens()) / 6, org.assertj.core.data.Offset.offset(1e-4));
    }
    double greedy = logProbability(m, new int[] {1, 2}, run(g, tokens(6), 1, 2)) / 6;
    assertThat(rows.getFirst().score()).isGreaterThanOrEqualTo(greedy - 1e-5);
    assertThat(rows.get(0).score()).isGreaterThanOrEqualTo(rows.get(1).score());
  }

  private static double logProbability(CausalLm m, int[] prompt, int[] tokens) {
    int[] all = Arrays.copyOf(prompt, prompt.length + tokens.length);
    System.arraycopy(tokens, 0, all, prompt.length, tokens.length);
    float[] log = m.forward(Tensor.of(all, 1, all.length)).logSoftmax(-1).toFloats();
    double sum = 0;
    for (int i = 0; i < tokens.length; i++) {
      sum += log[(prompt.length + i - 1) * VOCABULARY + tokens[i]];
    }
    return sum;
  }

  @Test
  void endsWhereTheTableOfPositionsEnds() {
    CausalLm m = model(10, DecoderStyle.builder().learnedPositions(true).build());
    Generated row =
        Generator.of(m).with(tokens(50)).generate(new int[] {1, 2, 3}).rows().getFirst();
    assertThat(row.tokens()).hasSize(7);
    assertThat(row.reason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void aListenerHearsAndStops() {
    Generator g = Generator.of(model()).with(tokens(50));
    List<Integer> heard = new ArrayList<>();
    GenerationListener listener =
        new GenerationListener() {
          @Override
          public void onToken(int row, int token) {
            heard.add(token);
          }

          @Override
          public boolean cancelled() {
            return heard.size() >= 5;
          }
        };
    Generated row =
        g.run(List.of(new GenerationRequest(new int[] {1}, g.config(), null)), listener)
            .rows()
            .getFirst();
    assertThat(row.reason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(row.tokens()).containsExactly(heard.stream().mapToInt(i -> i).toArray()).hasSize(5);
    GenerationConfig hurry = GenerationConfig.builder().maxNewTokens(60).maxTime(1e-9).build();
    Generated late = g.with(hurry).generate(new int[] {1}).rows().getFirst();
    assertThat(late.reason()).isEqualTo(FinishReason.TIME);
    assertThat(late.tokens()).hasSize(1);
  }

  @Test
  void saysWhatIsWrong() {
    Generator g = Generator.of(model());
    assertThatThrownBy(() -> g.generate(new int[65]))
        .hasMessage(
            "generate: the prompt has 65 tokens, longer than the context of 64; shorten it, or"
                + " raise the context length");
    assertThat(g.contextLength(70).generate(new int[65]).newTokens()).isEqualTo(5);
    assertThatThrownBy(() -> g.generate(new int[0])).hasMessageContaining("has no tokens");
    assertThatThrownBy(() -> g.generate(new int[] {1}, new int[] {2, 37}))
        .hasMessage("generate: token 1 of prompt 1 is 37, the vocabulary is 0 to 36");
    assertThatThrownBy(
            () ->
                g.with(GenerationConfig.builder().eosTokenId(2, 99).build())
                    .generate(new int[] {1}))
        .hasMessageContaining("eos_token_id 99 is not in the vocabulary of 37 tokens");
    assertThatThrownBy(
            () ->
                g.with(GenerationConfig.builder().maxLength(3).build())
                    .generate(new int[] {1, 2, 3}))
        .hasMessageContaining("max_length is 3: there is no room for a new token");
    assertThatThrownBy(
            () ->
                g.with(GenerationConfig.builder().numReturnSequences(2).build())
                    .generate(new int[] {1}))
        .hasMessageContaining("only one most probable sequence");
    assertThatThrownBy(() -> g.generate("text"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("no tokenizer");
    assertThatThrownBy(
            () ->
                g.with(GenerationConfig.builder().stopStrings("x").build()).generate(new int[] {1}))
        .hasMessageContaining("stop_strings need a tokenizer");
  }
}
