package dev.peft4j.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Rotary;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.LlamaForCausalLM;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A session gives what calls by themselves give, and computes only what is new. */
class GenerationSessionTest {
  private static final GenerationConfig TEN = GenerationConfig.builder().maxNewTokens(10).build();

  private final CausalLm model = model();
  private final Generator generator = Generator.of(model).with(TEN);

  /** A small decoder whose texts vary. */
  static CausalLm model() {
    CausalLm model =
        Rng.with(
            new Rng(4),
            () ->
                new LlamaForCausalLM(
                    DecoderConfig.builder()
                        .vocabSize(50)
                        .hiddenSize(16)
                        .intermediateSize(32)
                        .layers(2)
                        .heads(4)
                        .kvHeads(2)
                        .headDim(4)
                        .maxPositions(256)
                        .initializerRange(0.3)
                        .tied(false)
                        .build()));
    model.eval();
    return model;
  }

  private static GenerationRequest request(int... prompt) {
    return new GenerationRequest(prompt, TEN, null);
  }

  private int[] alone(int... prompt) {
    return generator.generate(prompt).rows().getFirst().tokens();
  }

  private static int[] joined(int[] a, int... b) {
    int[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  private static int[] next(GenerationSession s, int... prompt) {
    return s.generate(request(prompt), GenerationListener.NONE).rows().getFirst().tokens();
  }

  @Test
  void turnsGoOnFromTheCache() {
    GenerationSession s = new GenerationSession(generator);
    int[] text = {1, 2, 3, 4, 5};
    int before = 0;
    for (int turn = 0; turn < 4; turn++) {
      int[] answer = next(s, text);
      assertThat(answer).containsExactly(alone(text));
      assertThat(s.reused()).isEqualTo(before);
      text = joined(joined(text, answer), 7 + turn, 9);
      before =
          text.length - 3; // all but the answer's last token, which was not fed, and what is new
    }
    assertThat(s.bytes()).isPositive();
    assertThat(s.length()).isEqualTo(text.length - 3);
  }

  @Test
  void anotherTextBeginsWhereItParts() {
    GenerationSession s = new GenerationSession(generator);
    next(s, 1, 2, 3, 4, 5);
    assertThat(next(s, 1, 2, 9, 4, 5)).containsExactly(alone(1, 2, 9, 4, 5));
    assertThat(s.reused()).isEqualTo(2);
    assertThat(next(s, 1, 2)).containsExactly(alone(1, 2));
    assertThat(s.reused()).isEqualTo(1); // the last one is read again for its scores
    assertThat(next(s, 8)).containsExactly(alone(8));
    assertThat(s.reused()).isZero();
    s.clear();
    assertThat(s.bytes()).isZero();
    assertThat(next(s, 8)).containsExactly(alone(8));
  }

  @Test
  void anotherAdapterBeginsAnew() {
    LoraConfig config = LoraConfig.builder().targets("q_proj", "v_proj").init(Init.RANDOM).build();
    AdaptedModel<CausalLm> adapted = Rng.with(3, () -> PeftModel.of(model, config, "a"));
    adapted.eval();
    Generator with = Generator.of(model).with(TEN).with(adapted.adapters());
    GenerationSession s = new GenerationSession(with);
    int[] prompt = {1, 2, 3, 4};
    for (String adapter : List.of("a", "a", dev.peft4j.tuner.AdapterSet.BASE, "a")) {
      GenerationRequest r = new GenerationRequest(prompt, TEN, adapter);
      int[] expected = with.run(List.of(r), GenerationListener.NONE).rows().getFirst().tokens();
      assertThat(s.generate(r, GenerationListener.NONE).rows().getFirst().tokens())
          .containsExactly(expected);
    }
    assertThat(s.reused()).isZero();
  }

  @Test
  void afterACancelledAnswerItGoesOn() {
    GenerationSession s = new GenerationSession(generator);
    int[] count = {0};
    GenerationListener third =
        new GenerationListener() {
          @Override
          public void onToken(int row, int token) {
            count[0]++;
          }

          @Override
          public boolean cancelled() {
            return count[0] >= 3;
          }
        };
    int[] part = s.generate(request(1, 2, 3), third).rows().getFirst().tokens();
    assertThat(part).hasSize(3);
    int[] text = joined(joined(new int[] {1, 2, 3}, part), 7);
    assertThat(next(s, text)).containsExactly(alone(text));
    assertThat(s.reused()).isEqualTo(5);
  }

  @Test
  void beamsDoNotGoOn() {
    GenerationConfig beams = GenerationConfig.builder().numBeams(2).build();
    GenerationRequest r = new GenerationRequest(new int[] {1}, beams, null);
    assertThatThrownBy(() -> new GenerationSession(generator).generate(r, GenerationListener.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("num_beams");
    assertThatThrownBy(() -> next(new GenerationSession(generator), 99))
        .hasMessageContaining("the vocabulary is 0 to 49");
  }

  @Test
  void frequenciesThatGrowAreKnown() {
    assertThat(Rotary.of(8, 10000).fixedUpTo()).isEqualTo(Integer.MAX_VALUE);
    assertThat(Rotary.of(8, 10000).dynamic(2, 64).fixedUpTo()).isEqualTo(64);
    assertThat(Rotary.of(8, 10000).linear(2).fixedUpTo()).isEqualTo(Integer.MAX_VALUE);
  }
}
