package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.data.Rng;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.LlamaForCausalLM;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateCommandTest {
  private static final String[] WORDS = {"?", "</s>", "one", "two", "three", "four", "five", "six"};

  private @TempDir Path folder;
  private Path model;

  @BeforeEach
  void writeModel() throws IOException {
    model = Files.createDirectories(folder.resolve("model"));
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(WORDS.length)
            .hiddenSize(8)
            .layers(1)
            .heads(2)
            .kvHeads(1)
            .headDim(4)
            .intermediateSize(8)
            .maxPositions(32)
            .initializerRange(0.8)
            .build();
    LlamaForCausalLM lm = Rng.with(new Rng(2), () -> new LlamaForCausalLM(config));
    Map<String, StoredTensor> weights = new LinkedHashMap<>();
    lm.namedParameters()
        .forEach(
            p -> {
              if (!p.name().startsWith("lm_head")) {
                weights.put(p.name(), new StoredTensor(p.parameter().shape(), p.parameter().own()));
              }
            });
    SafeTensors.write(model.resolve("model.safetensors"), weights);
    Files.writeString(
        model.resolve("config.json"),
        "{\"model_type\": \"llama\", \"vocab_size\": 8, \"hidden_size\": 8, \"num_hidden_layers\":"
            + " 1, \"num_attention_heads\": 2, \"num_key_value_heads\": 1, \"head_dim\": 4,"
            + " \"intermediate_size\": 8, \"max_position_embeddings\": 32, \"rms_norm_eps\": 1e-6,"
            + " \"tie_word_embeddings\": true}");
    StringBuilder vocabulary = new StringBuilder();
    for (int i = 0; i < WORDS.length; i++) {
      vocabulary.append(i == 0 ? "" : ", ").append('"').append(WORDS[i]).append("\": ").append(i);
    }
    Files.writeString(
        model.resolve("tokenizer.json"),
        "{\"version\": \"1.0\", \"pre_tokenizer\": {\"type\": \"WhitespaceSplit\"},"
            + " \"added_tokens\": [], \"model\": {\"type\": \"WordLevel\", \"unk_token\": \"?\","
            + " \"vocab\": {"
            + vocabulary
            + "}}}");
    Files.writeString(
        model.resolve("tokenizer_config.json"),
        "{\"tokenizer_class\": \"PreTrainedTokenizerFast\","
            + " \"clean_up_tokenization_spaces\": false}");
  }

  private Run run(String... more) {
    String[] args = new String[more.length + 3];
    args[0] = "generate";
    args[1] = "--model";
    args[2] = model.toString();
    System.arraycopy(more, 0, args, 3, more.length);
    return Run.of(args);
  }

  private static JsonNode json(String line) throws IOException {
    return new ObjectMapper().readTree(line);
  }

  @Test
  void printsWhatFollows() throws IOException {
    Run plain = run("--prompt", "one two", "-n", "6", "--set", "min_length=0");
    assertThat(plain.code()).as(plain.err()).isZero();
    assertThat(plain.out().strip().split(" ")).hasSize(6);
    assertThat(plain.err()).containsPattern("6 tokens in \\d+\\.\\d s, \\d+\\.\\d tokens/s");
    Run again = run("--prompt", "one two", "-n", "6", "--json");
    JsonNode row = json(again.out());
    assertThat(row.path("text").asText().strip()).isEqualTo(plain.out().strip());
    assertThat(row.path("prompt_tokens").asInt()).isEqualTo(2);
    assertThat(row.path("new_tokens").asInt()).isEqualTo(6);
    assertThat(row.path("finish_reason").asText()).isEqualTo("length");
  }

  @Test
  void samplesWithASeed() {
    String[] args = {"--prompt", "one", "-n", "12", "--temperature", "2", "--top-k", "0"};
    String[] seeded = java.util.Arrays.copyOf(args, args.length + 2);
    seeded[args.length] = "--seed";
    seeded[args.length + 1] = "3";
    String first = run(seeded).out();
    assertThat(run(seeded).out()).isEqualTo(first);
    seeded[args.length + 1] = "4";
    assertThat(run(seeded).out()).isNotEqualTo(first);
  }

  @Test
  void severalPromptsBeamsAndTypes() {
    Run two = run("-p", "one", "-p", "two three", "-n", "4", "--num-beams", "2");
    assertThat(two.out().lines()).hasSize(2);
    assertThat(run("-p", "one", "-n", "4", "--dtype", "bfloat16").code()).isZero();
    assertThat(run("-p", "one", "--dtype", "int3").err())
        .contains("--dtype is \"int3\", expected float32, bfloat16 or float16");
  }

  @Test
  void anAdapterActs() throws IOException {
    LlamaForCausalLM base = (LlamaForCausalLM) dev.peft4j.transformers.Transformers.causalLm(model);
    AdaptedModel<LlamaForCausalLM> peft =
        PeftModel.of(base, LoraConfig.builder().targets("o_proj", "down_proj").r(4).build());
    Rng rng = new Rng(1);
    peft.namedParameters().stream()
        .filter(p -> p.name().contains("lora_B"))
        .forEach(
            p -> {
              int n = p.parameter().shape().size();
              p.parameter().set(dev.peft4j.tensor.Tensor.of(rng.normal(n, 0, 3)).storage());
            });
    Path adapter = folder.resolve("adapter");
    peft.save(adapter);
    String plain = run("-p", "one two three", "-n", "10").out();
    Run adapted = run("-p", "one two three", "-n", "10", "--adapter", adapter.toString());
    assertThat(adapted.code()).as(adapted.err()).isZero();
    assertThat(adapted.out()).isNotEqualTo(plain);
  }

  @Test
  void saysWhatIsWrong() throws IOException {
    assertThat(run().err()).contains("needed is either --prompt or --prompt-file");
    Run longer = run("-p", "one ".repeat(40));
    assertThat(longer.code()).isEqualTo(Main.FAILED);
    assertThat(longer.err()).contains("the prompt has 40 tokens, longer than the context of 32");
    assertThat(run("-p", "one", "--top-p", "3").err())
        .contains("top_p is 3.0, expected a number from 0 to 1");
    assertThat(run("-p", "one", "--set", "eos_token_id=99").err())
        .contains("eos_token_id 99 is not in the vocabulary of 8 tokens");
    assertThat(run("-p", "one", "--set", "temprature=1").err())
        .contains("did you mean temperature");
    assertThat(run("--prompt-file", folder.resolve("no.txt").toString()).err())
        .contains("no.txt: does not exist");
    Path file = folder.resolve("long.txt");
    Files.writeString(file, "one ".repeat(40));
    assertThat(run("--prompt-file", file.toString()).err())
        .contains("long.txt: the prompt has 40 tokens, longer than the context of 32");
    Path settings = model.resolve("generation_config.json");
    Files.writeString(settings, "{\"eos_token_id\": [1, 8]}");
    assertThat(run("-p", "one").err())
        .contains("generation_config.json: eos_token_id 8 is not in the vocabulary of 8 tokens");
    Files.writeString(settings, "{\"penalty_alpha\": 0.6}");
    assertThat(run("-p", "one").err())
        .contains("generation_config.json: penalty_alpha is 0.6, which is not built");
  }

  /** A tokenizer whose tokens have texts of their own. */
  private void writeCharacters() throws IOException {
    Files.writeString(
        model.resolve("tokenizer.json"),
        """
        {"model": {"type": "BPE", "merges": [], "vocab":
          {"a": 0, "b": 1, "c": 2, "1": 3, "2": 4, ",": 5, "[": 6, "]": 7}},
         "decoder": {"type": "ByteLevel"}}
        """);
  }

  @Test
  void textKeepsToAnExpressionOrASchema() throws Exception {
    writeCharacters();
    Run run = run("--prompt", "abc", "--regex", "b(a|c){3}[12]", "--json");
    assertThat(run.code()).as(run.err()).isZero();
    JsonNode line = new ObjectMapper().readTree(run.out());
    assertThat(line.path("text").asText()).matches("b(a|c){3}[12]");
    assertThat(line.path("finish_reason").asText()).isEqualTo("complete");

    Path schema = folder.resolve("schema.json");
    Files.writeString(
        schema, "{\"type\": \"array\", \"minItems\": 2, \"items\": {\"type\": \"integer\"}}");
    run = run("-p", "abc", "--json-schema", schema.toString(), "-n", "12", "--temperature", "2");
    assertThat(run.code()).as(run.err()).isZero();
    JsonNode value = new ObjectMapper().readTree(run.out());
    assertThat(value.isArray()).isTrue();
    assertThat(value.size()).isGreaterThanOrEqualTo(2);
  }

  @Test
  void saysWhatIsWrongWithAConstraint() throws Exception {
    writeCharacters();
    Run run = run("--prompt", "abc", "--regex", "(a");
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("the expression, character 2 of '(a', has ( without )");
    Path schema = folder.resolve("schema.json");
    Files.writeString(schema, "{\"properties\": {\"a\": {\"contains\": 1}}}");
    run = run("--prompt", "abc", "--json-schema", schema.toString());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("schema.json").contains("#/properties/a/contains");
    run = run("--prompt", "abc", "--json-schema", folder.resolve("no.json").toString());
    assertThat(run.err()).contains("no.json").contains("does not exist");
    run = run("--prompt", "abc", "--json-schema", schema.toString(), "--regex", "a");
    assertThat(run.err()).contains("exclude each other");
    Files.writeString(schema, "{\"type\": \"object\"}");
    run = run("--prompt", "abc", "--json-schema", schema.toString());
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("this tokenizer's vocabulary can write");
  }
}
