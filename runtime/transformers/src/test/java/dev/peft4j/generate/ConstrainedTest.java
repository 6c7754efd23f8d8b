package dev.peft4j.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.constraint.Constraint;
import dev.peft4j.data.Rng;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.LlamaForCausalLM;
import dev.peft4j.transformers.Tokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A model with random weights keeps to its constraint, however tokens are chosen. */
class ConstrainedTest {
  private static final String PHONE = "\\+\\d{2} \\d{3,9}|none";

  private final CausalLm model = model();
  private final Generator generator = Generator.of(model, tokenizer());

  private static CausalLm model() {
    CausalLm model =
        Rng.with(
            new Rng(4),
            () ->
                new LlamaForCausalLM(
                    DecoderConfig.builder()
                        .vocabSize(120) // more than the tokenizer has
                        .hiddenSize(16)
                        .intermediateSize(32)
                        .layers(1)
                        .heads(4)
                        .kvHeads(2)
                        .headDim(4)
                        .maxPositions(256)
                        .initializerRange(0.5)
                        .tied(false)
                        .build()));
    model.eval();
    return model;
  }

  private static Tokenizer tokenizer() {
    StringBuilder vocabulary = new StringBuilder("\"<eos>\": 0, \"Ġ\": 1");
    int id = 2;
    for (char c = '!'; c <= '~'; c++) {
      String s = c == '"' || c == '\\' ? "\\" + c : String.valueOf(c);
      vocabulary.append(", \"").append(s).append("\": ").append(id++);
    }
    String json =
        """
        {"added_tokens": [{"id": 0, "content": "<eos>", "special": true}],
         "model": {"type": "BPE", "vocab": {%s}, "merges": []}, "decoder": {"type": "ByteLevel"}}
        """
            .formatted(vocabulary);
    try {
      byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
      return Tokenizer.load(new ByteArrayInputStream(bytes), "small", 1000);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static GenerationConfigBuilder phone() {
    return GenerationConfig.builder()
        .maxNewTokens(60)
        .eosTokenId(0)
        .constraint(Constraint.regex(PHONE));
  }

  private Generated run(GenerationConfig config) {
    return generator.with(config).generate(new int[] {5, 6}).rows().getFirst();
  }

  @Test
  void greedyAndSampledTextMatches() {
    for (int seed = 0; seed < 20; seed++) {
      var config = phone().seed(seed);
      Generated g = run(seed == 0 ? config.build() : config.temperature(2).topK(5).build());
      assertThat(g.text()).matches(PHONE);
      assertThat(g.reason()).isEqualTo(FinishReason.EOS);
    }
  }

  @Test
  void withoutAnEndTokenTheRowEndsWhereNothingMayFollow() {
    Generated g = run(phone().eosTokenId().constraint(Constraint.regex("a{3}b")).build());
    assertThat(g.text()).isEqualTo("aaab");
    assertThat(g.reason()).isEqualTo(FinishReason.COMPLETE);
    assertThat(g.tokens()).hasSize(4);
  }

  @Test
  void aTextIsCompletedInTime() {
    Constraint c = Constraint.regex("\\[(\\d{2};)+end\\]");
    for (int seed = 0; seed < 20; seed++) {
      var config = phone().constraint(c).temperature(3).seed(seed);
      Generated closed = run(config.maxNewTokens(20).build());
      assertThat(closed.text()).matches("\\[(\\d{2};)+end\\]");
      assertThat(closed.reason()).isEqualTo(FinishReason.EOS);
      Generated short0 = run(config.maxNewTokens(5).build());
      assertThat(short0.text()).hasSize(5); // no text is so short: what comes closest
      assertThat(short0.reason()).isEqualTo(FinishReason.LENGTH);
    }
    Generated open =
        run(
            phone()
                .constraint(Constraint.regex("a{50}"))
                .maxNewTokens(20)
                .closeInTime(false)
                .build());
    assertThat(open.text()).isEqualTo("a".repeat(20));
    assertThat(open.reason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void otherProcessorsDoNotOverruleIt() {
    Constraint c = Constraint.regex("no");
    var config = phone().constraint(c).minNewTokens(10).suppressTokens(1, 2, 80);
    assertThat(run(config.build()).text()).isEqualTo("no");
    var penalty = phone().constraint(Constraint.regex("aaaa")).noRepeatNgramSize(1);
    assertThat(run(penalty.build()).text()).isEqualTo("aaaa");
  }

  @Test
  void beamsAndBatchesAndLookupKeepIt() {
    Generated beam = run(phone().numBeams(3).build());
    assertThat(beam.text()).matches(PHONE);
    Generated few = run(phone().constraint(Constraint.regex("ab|ac")).numBeams(4).build());
    assertThat(few.text()).matches("ab|ac");
    assertThat(run(phone().promptLookup(4).build()).text()).isEqualTo(run(phone().build()).text());
    GenerationConfig other = phone().constraint(Constraint.regex("x+y")).build();
    GenerationConfig free = GenerationConfig.builder().maxNewTokens(7).build();
    List<Generated> rows =
        generator
            .run(
                List.of(
                    new GenerationRequest(new int[] {5, 6}, phone().build(), null),
                    new GenerationRequest(new int[] {9, 8, 7, 3}, other, null),
                    new GenerationRequest(new int[] {9}, free, null)),
                GenerationListener.NONE)
            .rows();
    assertThat(rows.get(0).text()).matches(PHONE);
    assertThat(rows.get(1).text()).matches("x+y");
    assertThat(rows.get(2).tokens()).hasSize(7);
  }

  @Test
  void streamsWhatItWrites() {
    StringBuilder text = new StringBuilder();
    GenerationListener listener =
        new GenerationListener() {
          @Override
          public void onText(int row, String part) {
            text.append(part);
          }
        };
    generator
        .with(phone().build())
        .run(List.of(new GenerationRequest(new int[] {5}, phone().build(), null)), listener);
    assertThat(Pattern.matches(PHONE, text)).isTrue();
  }

  @Test
  void needsATokenizerWhoseTokensHaveTheirOwnText() throws IOException {
    assertThatThrownBy(() -> Generator.of(model).with(phone().build()).generate(new int[] {5}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("needs a tokenizer");
    byte[] words =
        """
        {"model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "a": 1}}}
        """
            .getBytes(StandardCharsets.UTF_8);
    Tokenizer t = Tokenizer.load(new ByteArrayInputStream(words), "words", 1000);
    assertThatThrownBy(() -> Generator.of(model, t).with(phone().build()).generate(new int[] {0}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("does not go with this tokenizer");
  }
}
