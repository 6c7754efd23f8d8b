package dev.peft4j.samples.story;

import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.Generator;
import dev.peft4j.transformers.CausalLm;
import java.util.stream.IntStream;

/** Definitions that a model writes, the most probable token each time. */
record Definitions(CausalLm model, StoryTexts texts) {
  private static final int MOST = 24;

  /** Returns what the model writes behind {@code word:}. */
  String define(String word) {
    GenerationConfig config =
        GenerationConfig.builder()
            .maxNewTokens(MOST)
            .doSample(false)
            .eosTokenId(texts.special().eos().stream().mapToInt(i -> i).toArray())
            .build();
    int[] prompt = texts.begun(word + ":");
    int[] written = Generator.of(model).with(config).generate(prompt).rows().getFirst().tokens();
    long[] all =
        IntStream.concat(IntStream.of(prompt), IntStream.of(written)).asLongStream().toArray();
    return texts.tokenizer().decode(all).strip();
  }
}
