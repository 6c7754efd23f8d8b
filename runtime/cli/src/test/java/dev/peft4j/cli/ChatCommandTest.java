package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.LlamaForCausalLM;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code peft4j chat}, with what is piped into it. */
class ChatCommandTest {
  private static final String TOKENIZER =
      """
      {"added_tokens": [{"id": 0, "content": "<eos>", "special": true},
                        {"id": 1, "content": "<turn>", "special": true}],
       "pre_tokenizer": {"type": "WhitespaceSplit"},
       "model": {"type": "WordLevel", "unk_token": "?",
                 "vocab": {"<eos>": 0, "<turn>": 1, "?": 2, "user": 3, "assistant": 4, "system": 5,
                           "a": 6, "b": 7, "c": 8, "d": 9, "e": 10, "f": 11}}}
      """;

  private static final String TEMPLATE =
      "{% for m in messages %}{% if m.content == 'e' %}{{ raise_exception('no e, please') }}{%"
          + " endif %}<turn> {{ m.role }} {{ m.content }} <eos> {% endfor %}{% if"
          + " add_generation_prompt %}<turn> assistant {% endif %}";

  @TempDir static Path folder;
  private static Path model;
  private static Path adapter;

  private final InputStream before = System.in;

  @BeforeAll
  static void write() throws IOException {
    model = Files.createDirectory(folder.resolve("model"));
    adapter = folder.resolve("adapter");
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(12)
            .hiddenSize(16)
            .layers(2)
            .heads(4)
            .kvHeads(2)
            .headDim(4)
            .intermediateSize(24)
            .maxPositions(64)
            .initializerRange(0.5)
            .tied(false)
            .build();
    CausalLm net = Rng.with(new Rng(6), () -> new LlamaForCausalLM(config));
    net.save(model.resolve("model.safetensors"));
    Files.writeString(
        model.resolve("config.json"),
        """
        {"model_type": "llama", "vocab_size": 12, "hidden_size": 16, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 4, "intermediate_size": 24,
         "max_position_embeddings": 64, "tie_word_embeddings": false}
        """);
    Files.writeString(model.resolve("tokenizer.json"), TOKENIZER);
    Files.writeString(
        model.resolve("tokenizer_config.json"),
        "{\"tokenizer_class\": \"PreTrainedTokenizerFast\", \"eos_token\": \"<eos>\"}");
    Files.writeString(model.resolve("chat_template.jinja"), TEMPLATE);
    LoraConfig lora =
        LoraConfig.builder().targets("q_proj", "down_proj").alpha(64).init(Init.RANDOM).build();
    Rng.with(3, () -> PeftModel.of(net, lora)).save(adapter);
  }

  @AfterEach
  void reset() {
    System.setIn(before);
  }

  private static Run chat(String input, Object... more) {
    return chatWith(model, input, more);
  }

  private static Run chatWith(Path folder, String input, Object... more) {
    System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
    Object[] args = new Object[more.length + 5];
    List.of("chat", "--model", folder, "--max-new-tokens", 5).toArray(args);
    System.arraycopy(more, 0, args, 5, more.length);
    return Run.of(args);
  }

  private static List<String> lines(Run run) {
    return run.ok().lines();
  }

  @Test
  void aConversationHasTurns() throws IOException {
    List<String> two = lines(chat("a b\nc d\n", "--json"));
    assertThat(two).hasSize(2);
    JsonNode second = Run.JSON.readTree(two.get(1));
    assertThat(second.path("role").asText()).isEqualTo("assistant");
    assertThat(second.path("reused_tokens").intValue()).isGreaterThan(5);
    assertThat(lines(chat("a b\n/reset\nc d\n", "--json")).get(1))
        .isEqualTo(lines(chat("c d\n", "--json")).get(0));
    assertThat(lines(chat("a b\n\n   \n"))).hasSize(1);
    assertThat(lines(chat("a \\\nb\n", "--json"))).hasSize(1); // one message of two lines
  }

  @Test
  void commandsChangeTheConversation() throws IOException {
    Path file = folder.resolve("saved.jsonl");
    Run run = chat("/system f f\na\n/save " + file + "\n/exit\nb\n");
    assertThat(lines(run)).hasSize(1);
    assertThat(run.err()).contains("saved 3 messages");
    JsonNode row = Run.JSON.readTree(Files.readString(file)).path("messages");
    assertThat(row.get(0).toString()).isEqualTo("{\"role\":\"system\",\"content\":\"f f\"}");
    assertThat(row.get(1).path("content").asText()).isEqualTo("a");
    assertThat(row.get(2).path("content").asText())
        .isEqualTo(run.lines().get(0).replace(" ...", ""));
    assertThat(lines(chat("a\n", "--system", "f f")).get(0)).isEqualTo(run.lines().get(0));
    assertThat(chat("/help\n").ok().err()).contains("/adapter NAME", "/cache");
    assertThat(chat("/cache\n").ok().err()).contains("0 tokens in 0.0 MB");
    assertThat(chat("a b\n/cache\n").ok().err())
        .containsPattern("[1-9][0-9]* tokens in 0\\.\\d MB");
    JsonNode answer = Run.JSON.readTree(lines(chat("a b\n", "--json")).get(0));
    assertThat(answer.path("cache_bytes").longValue()).isPositive();
  }

  @Test
  void adaptersAnswerByName() {
    String base = lines(chat("a b\n")).get(0);
    String own = lines(chat("a b\n", "--adapter", adapter)).get(0);
    assertThat(own).isNotEqualTo(base);
    List<String> all =
        lines(
            chat(
                "a b\n/reset\n/adapter base\na b\n/reset\n/adapter y\na b\n",
                "--adapter",
                "x=" + adapter,
                "--adapter",
                "y=" + adapter));
    assertThat(all).containsExactly(own, base, own);
    chat("/adapter z\n", "--adapter", "x=" + adapter)
        .failed("there is no adapter \"z\"; there are x, base");
  }

  @Test
  void whatIsWrongIsSaid() throws IOException {
    chat("/what\n").failed("/what is not a command; there are /system");
    chat("e\n").failed("no e, please");
    chat("/save\n").failed("needed is /save FILE");
    chat("a ".repeat(80) + "\n").failed("longer than the context of 64");
    assertThat(chat("a\n", "--adapter", adapter, "--adapter", adapter).code()).isEqualTo(2);
    Path bare = Files.createDirectory(folder.resolve("bare"));
    for (String name :
        List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
      Files.copy(model.resolve(name), bare.resolve(name));
    }
    System.setIn(new ByteArrayInputStream(new byte[0]));
    Run.of("chat", "-m", bare).failed("has no chat template", "--chat-template");
    System.setIn(new ByteArrayInputStream("a\n".getBytes(StandardCharsets.UTF_8)));
    Run.of("chat", "-m", bare, "--chat-template", model.resolve("chat_template.jinja"), "-n", 3)
        .ok();
  }

  /** An adapter's folder with a template and an end of its own. */
  private static Path talking(String name, String template, String eos) throws IOException {
    Path own = Files.createDirectory(folder.resolve(name));
    for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
      Files.copy(adapter.resolve(file), own.resolve(file));
    }
    Files.writeString(own.resolve("chat_template.jinja"), template);
    Files.writeString(own.resolve("generation_config.json"), "{\"eos_token_id\": " + eos + "}");
    return own;
  }

  @Test
  void eachAdapterTalksAsItWasTrained() throws IOException {
    String shorter = TEMPLATE.replace("<turn> {{ m.role }}", "{{ m.role }}");
    Path same = talking("same", TEMPLATE, "[0]");
    Path other = talking("other", shorter, "[0, 6, 7, 8, 9, 10, 11]");
    Run alone = chat("a b\n", "--json", "--adapter", other).ok();
    JsonNode ended = Run.JSON.readTree(alone.lines().get(0));
    Run both =
        chat(
            "a b\n/reset\n/adapter y\na b\n/reset\n/adapter base\na b\n",
            "--json",
            "--adapter",
            "x=" + same,
            "--adapter",
            "y=" + other);
    List<String> all = lines(both);
    assertThat(all.get(0)).isEqualTo(lines(chat("a b\n", "--json", "--adapter", same)).get(0));
    assertThat(Run.JSON.readTree(all.get(1)).path("content")).isEqualTo(ended.path("content"));
    assertThat(all.get(2)).isEqualTo(lines(chat("a b\n", "--json")).get(0));
    Run asked =
        Run.of("generate", "-m", model, "-a", other, "--chat", "-p", "a b", "-n", 5, "--json").ok();
    assertThat(Run.JSON.readTree(asked.lines().get(0)).path("text"))
        .isEqualTo(ended.path("content"));
    Run plain = Run.of("generate", "-m", model, "-a", other, "-p", "a b", "-n", 9, "--json").ok();
    assertThat(plain.err()).contains("other was trained with another chat template", "--chat");
    JsonNode row = Run.JSON.readTree(plain.lines().get(0));
    assertThat(row.path("finish_reason").asText()).isEqualTo("eos"); // nearly any token is one
    assertThat(Run.of("generate", "-m", model, "-a", same, "-p", "a b", "-n", 3).ok().err())
        .doesNotContain("another");
    assertThat(Run.of("generate", "-m", model, "-p", "a", "--system", "b").code()).isEqualTo(2);
    Run.of("generate", "-m", model, "-p", "e", "--chat").failed("no e, please");
  }

  @Test
  void typedSpecialTokensMayStayText() throws IOException {
    Path strict = Files.createDirectory(folder.resolve("strict"));
    for (String name :
        List.of(
            "config.json", "model.safetensors", "tokenizer_config.json", "chat_template.jinja")) {
      Files.copy(model.resolve(name), strict.resolve(name));
    }
    // as text it is an unknown word
    Files.writeString(
        strict.resolve("tokenizer.json"),
        TOKENIZER.replace("\"<eos>\": 0, \"<turn>\"", "\"<turn>\""));
    List<String> special = lines(chatWith(strict, "a <eos> b\n", "--json"));
    List<String> text = lines(chatWith(strict, "a <eos> b\n", "--json", "--plain-content"));
    assertThat(text).isEqualTo(lines(chatWith(strict, "a ? b\n", "--json")));
    assertThat(text).isNotEqualTo(special);
  }
}
