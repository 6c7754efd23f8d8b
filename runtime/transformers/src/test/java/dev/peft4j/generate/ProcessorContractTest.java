package dev.peft4j.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.io.SafeTensors;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What holds for every processor of logits that is found: transformers' scores, and order. */
class ProcessorContractTest {
  private static JsonNode specs;
  private static SafeTensors io;

  @BeforeAll
  static void open() throws IOException, URISyntaxException {
    Path folder =
        Path.of(
            Objects.requireNonNull(ProcessorContractTest.class.getResource("processors")).toURI());
    specs = new ObjectMapper().readTree(folder.resolve("case.json").toFile()).path("processors");
    io = SafeTensors.open(folder.resolve("io.safetensors"));
  }

  private static float[][] rows(String name) throws IOException {
    float[] all = io.storage(name).toFloats();
    int n = io.info(name).shape().dim(-1);
    float[][] out = new float[all.length / n][];
    Arrays.setAll(out, r -> Arrays.copyOfRange(all, r * n, (r + 1) * n));
    return out;
  }

  private static GenerationConfig config(JsonNode spec) {
    return GenerationConfig.builder()
        .json(spec.path("args").toString())
        .doSample(spec.path("do_sample").asBoolean())
        .build();
  }

  private static List<Integer> eos(JsonNode spec) {
    List<Integer> eos = new ArrayList<>();
    spec.path("eos_token_id").forEach(e -> eos.add(e.asInt()));
    return eos;
  }

  @TestFactory
  Stream<DynamicTest> givesTransformersScores() {
    return specs.properties().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> compare(e.getKey(), e.getValue())));
  }

  private static void compare(String name, JsonNode spec) throws IOException {
    float[][] given = rows(spec.path("scores").asText());
    float[][] ids = rows("input_ids");
    float[][] expected = rows("out." + name);
    GenerationConfig config = config(spec);
    int prompt = spec.path("prompt_length").asInt();
    for (int r = 0; r < given.length; r++) {
      int[] all = new int[ids[r].length];
      for (int i = 0; i < all.length; i++) {
        all[i] = (int) ids[r][i];
      }
      TokenHistory history =
          TokenHistory.of(Arrays.copyOf(all, prompt), Arrays.copyOfRange(all, prompt, all.length));
      int keep = config.numBeams() > 1 ? eos(spec).size() + 1 : 1;
      LogitsProcessorKind.Row row =
          new LogitsProcessorKind.Row(
              Arrays.stream(all).limit(prompt).boxed().toList(),
              config.maxLength(prompt, Integer.MAX_VALUE),
              eos(spec),
              keep);
      float[] scores = given[r].clone();
      LogitsProcessors.of(config, row).forEach(p -> p.process(scores, history));
      for (int i = 0; i < scores.length; i++) {
        float e = expected[r][i];
        if (Float.isFinite(e)) {
          assertThat(scores[i])
              .as("row %d, token %d", r, i)
              .isCloseTo(e, org.assertj.core.data.Offset.offset(1e-5f * Math.max(1, Math.abs(e))));
        } else {
          assertThat((Float) scores[i]).as("row %d, token %d", r, i).isEqualTo((Float) e);
        }
      }
    }
  }

  /** Kinds that a case has, in the order of transformers' list. */
  @Test
  void everyKindHasACaseThatAsksForIt() {
    Set<String> used = new TreeSet<>();
    for (Map.Entry<String, JsonNode> e : specs.properties()) {
      e.getValue().path("args").fieldNames().forEachRemaining(used::add);
    }
    Set<String> elsewhere = // promptsAreLookedAt, and ConstrainedTest for what transformers lacks
        Set.of(
            "encoder_repetition_penalty",
            "encoder_no_repeat_ngram_size",
            "forced_bos_token_id",
            "constraint",
            "constraint_close_in_time");
    for (LogitsProcessorKind kind : LogitsProcessors.kinds()) {
      assertThat(kind.settings()).as(kind.getClass().getName()).isNotEmpty();
      for (Setting<?> s : kind.settings()) {
        assertThat(used.contains(s.name()) || elsewhere.contains(s.name()))
            .as("a case for %s", s.name())
            .isTrue();
      }
    }
    assertThat(LogitsProcessors.kinds()).hasSizeGreaterThanOrEqualTo(23);
  }

  @Test
  void placesAndNamesDiffer() {
    Set<Object> seen = new HashSet<>();
    for (LogitsProcessorKind kind : LogitsProcessors.kinds()) {
      assertThat(seen.add(kind.place())).as(kind.getClass().getName()).isTrue();
      kind.settings().forEach(s -> assertThat(seen.add(s.name())).isTrue());
      assertThat(kind.sampling()).isEqualTo(kind.place() >= 200 && kind.place() < 300);
    }
  }

  @Test
  void noSettingAsksForNothing() {
    GenerationConfig plain = GenerationConfig.builder().build();
    LogitsProcessorKind.Row row = new LogitsProcessorKind.Row(List.of(1), 9, List.of(2), 1);
    assertThat(LogitsProcessors.of(plain, row)).isEmpty();
    GenerationConfig samples = GenerationConfig.builder().doSample(true).build();
    assertThat(LogitsProcessors.of(samples, row)).hasSize(1); // top_k 50
  }

  @Test
  void samplersKeepATokenWhateverTheScores() {
    float[][] hard = {
      {0, 0, 0, 0},
      {Float.NEGATIVE_INFINITY, 3, Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY},
      {1e30f, -1e30f, 1e30f, 0},
      {-5}
    };
    for (LogitsProcessorKind kind : LogitsProcessors.kinds()) {
      if (!kind.sampling()) {
        continue;
      }
      GenerationConfigBuilder b = GenerationConfig.builder().doSample(true);
      kind.settings().forEach(s -> b.json("{\"" + s.name() + "\": " + strict(s.name()) + "}"));
      LogitsProcessor p =
          Objects.requireNonNull(
              kind.create(b.build(), new LogitsProcessorKind.Row(List.of(), 9, List.of(), 1)));
      for (float[] scores : hard) {
        float[] s = scores.clone();
        p.process(s, TokenHistory.of(new int[] {0}));
        assertThat(Scores.max(s)).as(kind.getClass() + " " + Arrays.toString(scores)).isFinite();
      }
    }
  }

  private static String strict(String name) {
    return name.equals("top_k") ? "1" : "0.01";
  }

  @Test
  void promptsAreLookedAt() {
    LogitsProcessorKind.Row row = new LogitsProcessorKind.Row(List.of(3, 1, 2), 9, List.of(), 1);
    TokenHistory history = TokenHistory.of(new int[] {3, 1, 2}, 0, 3);
    float[] scores = {1, 2, -4, 4};
    run(GenerationConfig.builder().encoderRepetitionPenalty(2).build(), row, history, scores);
    assertThat(scores).containsExactly(1, 4, -2, 8);
    scores = new float[] {1, 2, 3, 4};
    run(GenerationConfig.builder().encoderNoRepeatNgramSize(2).build(), row, history, scores);
    assertThat(scores).containsExactly(1, Float.NEGATIVE_INFINITY, 3, 4);
    scores = new float[] {1, 2, 3, 4};
    GenerationConfig bos = GenerationConfig.builder().forcedBosTokenId(2).build();
    run(bos, row, history, scores);
    assertThat(scores).containsExactly(1, 2, 3, 4);
    run(bos, row, TokenHistory.of(new int[] {3}), scores);
    assertThat(scores)
        .containsExactly(
            Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY, 0, Float.NEGATIVE_INFINITY);
  }

  private static void run(
      GenerationConfig c, LogitsProcessorKind.Row row, TokenHistory history, float[] scores) {
    LogitsProcessors.of(c, row).forEach(p -> p.process(scores, history));
  }

  @Test
  void aTokenThatIsNotThereIsNamed() {
    GenerationConfig c = GenerationConfig.builder().badWordsIds(List.of(List.of(1, 99))).build();
    LogitsProcessorKind.Row row = new LogitsProcessorKind.Row(List.of(), 9, List.of(), 1);
    assertThatThrownBy(() -> run(c, row, TokenHistory.of(new int[] {0}), new float[4]))
        .hasMessage("bad_words_ids: token 99 is not in the vocabulary of 4 tokens");
    GenerationConfig decay =
        GenerationConfig.builder().exponentialDecayLengthPenalty(2, 1.1).build();
    assertThatThrownBy(() -> LogitsProcessors.of(decay, row))
        .hasMessageContaining("there is no eos_token_id");
  }

  @Test
  void processorsOfTheCallerActBeforeSampling() {
    List<String> order = new ArrayList<>();
    GenerationConfig c =
        GenerationConfig.builder()
            .suppressTokens(0)
            .processor((s, h) -> order.add(Arrays.toString(s)))
            .temperature(0.5)
            .build();
    float[] scores = {1, 2};
    run(
        c,
        new LogitsProcessorKind.Row(List.of(), 9, List.of(), 1),
        TokenHistory.of(new int[] {0}),
        scores);
    assertThat(order).containsExactly("[-Infinity, 2.0]");
    assertThat(scores[1]).isEqualTo(4);
  }
}
