package dev.peft4j.langchain4j;

import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.data.Rng;
import dev.peft4j.generate.ChatSettings;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.Generator;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.LlamaForCausalLM;
import dev.peft4j.transformers.Tokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A model with random weights that talks in ASCII, by a template with tools. */
final class SmallModel {
  private static final String TEMPLATE =
      "{% if tools %}<|im_start|>tools {{ tools | tojson }}<|im_end|>{% endif %}{% for m in"
          + " messages %}<|im_start|>{{ m.role }} {{ m.content }}{% for c in m.tool_calls or []"
          + " %}({{ c.function.name }} {{ c.function.arguments | tojson }}){% endfor %}<|im_end|>{%"
          + " endfor %}{% if add_generation_prompt %}<|im_start|>assistant {% endif %}";

  final CausalLm lm = lm(2048);
  final Tokenizer tokenizer = tokenizer();
  final ChatSettings settings =
      ChatSettings.of(
          ChatTemplate.of("small", TEMPLATE), tokenizer, GenerationConfig.builder().build());

  private static CausalLm lm(int positions) {
    CausalLm model =
        Rng.with(
            new Rng(4),
            () ->
                new LlamaForCausalLM(
                    DecoderConfig.builder()
                        .vocabSize(100)
                        .hiddenSize(16)
                        .intermediateSize(32)
                        .layers(1)
                        .heads(4)
                        .kvHeads(2)
                        .headDim(4)
                        .maxPositions(positions)
                        .initializerRange(0.5)
                        .tied(false)
                        .build()));
    model.eval();
    return model;
  }

  private static Tokenizer tokenizer() {
    StringBuilder vocabulary =
        new StringBuilder("\"<|im_start|>\": 0, \"<|im_end|>\": 1, \"Ġ\": 2, \"Ċ\": 3");
    int id = 4;
    for (char c = '!'; c <= '~'; c++) {
      String s = c == '"' || c == '\\' ? "\\" + c : String.valueOf(c);
      vocabulary.append(", \"").append(s).append("\": ").append(id++);
    }
    String json =
        """
        {"added_tokens": [{"id": 0, "content": "<|im_start|>", "special": true},
                          {"id": 1, "content": "<|im_end|>", "special": true}],
         "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
         "model": {"type": "BPE", "vocab": {%s}, "merges": []}, "decoder": {"type": "ByteLevel"}}
        """
            .formatted(vocabulary);
    try {
      byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
      return Tokenizer.load(new ByteArrayInputStream(bytes), "small", 2048);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Generator generator() {
    return Generator.of(lm, tokenizer);
  }
}
