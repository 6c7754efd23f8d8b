package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code train} and {@code eval} of a language model. */
class CausalLmCommandTest {
  private @TempDir Path folder;
  private Path model = Path.of("");
  private Path data = Path.of("");

  @BeforeEach
  void write() throws IOException {
    model = TinyDecoder.write(folder.resolve("model"));
    data = folder.resolve("data.jsonl");
    StringBuilder lines = new StringBuilder();
    for (String thing : List.of("film", "book", "song")) {
      for (String how : List.of("great", "lovely", "awful", "boring")) {
        lines.append("{\"text\": \"the %s was very %s\"}\n".formatted(thing, how));
      }
    }
    Files.writeString(data, lines);
  }

  private Run train(Path on, String... more) {
    List<Object> args = new ArrayList<>(List.of("train", "--task", "causal-lm", "--quiet"));
    args.addAll(List.of("-m", model, "-d", on, "-o", folder.resolve("out")));
    args.addAll(List.of(more));
    return Run.of(args.toArray());
  }

  private Run eval(Path on, Object... more) {
    List<Object> args = new ArrayList<>(List.of("eval", "-m", model, "-d", on, "--json"));
    args.addAll(List.of(more));
    return Run.of(args.toArray());
  }

  @Test
  void perplexityFalls() throws IOException {
    double before = eval(data, "--task", "causal-lm").json().path("perplexity").doubleValue();
    assertThat(eval(data, "--task", "causal-lm", "--seed", "3", "--dtype", "float32").json())
        .isEqualTo(eval(data, "--task", "causal-lm", "--seed", "4").json());
    JsonNode result =
        train(data, "--eval", data.toString(), "--epochs", "6", "--lr", "1e-2", "--json").json();
    assertThat(result.path("steps").intValue()).isEqualTo(12);
    assertThat(result.path("tokens_per_second").doubleValue()).isPositive();
    double after = result.path("eval_perplexity").doubleValue();
    assertThat(after).isLessThan(before / 2);
    Path adapter = folder.resolve("out").resolve("adapter");
    JsonNode config = Run.JSON.readTree(adapter.resolve("adapter_config.json").toFile());
    assertThat(config.path("task_type").asText()).isEqualTo("CAUSAL_LM");
    assertThat(config.path("target_modules")).hasSize(2 * 7); // all linear layers, not the head
    // the adapter says what it is for; the batch does not matter
    JsonNode measured = eval(data, "-a", adapter, "--batch", "5").json();
    assertThat(measured.path("perplexity").doubleValue()).isEqualTo(after, within(1e-5 * after));
    assertThat(measured.path("rows").intValue()).isEqualTo(12);
    assertThat(measured.path("tokens").intValue()).isEqualTo(12 * 7); // [CLS] predicts the first
    assertThat(folder.resolve("out").resolve("loss.png")).isNotEmptyFile();
  }

  /** Virtual tokens and prompts: trained, saved, measured and generated with. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "prompt-tuning --virtual-tokens 4 --start sample_vocab",
        "p-tuning --virtual-tokens 4 --encoder-size 8",
        "prefix-tuning --virtual-tokens 4 --projection",
        "cartridge --virtual-tokens 4",
        "cpt --token-ids 5,6,7,8 --type-mask 1,2,3,4",
        "adaption-prompt --prompt-length 4 --prompt-layers 2",
        "shadow --rank 2 --shadow-size 8 --shadow-intermediate-size 8"
      })
  void tunersOfTheWholeModel(String options) throws IOException {
    List<String> args = new ArrayList<>(List.of("--tuner"));
    args.addAll(List.of(options.split(" ")));
    args.addAll(List.of("--steps", "4", "--lr", "1e-2", "--eval", data.toString(), "--json"));
    JsonNode result = train(data, args.toArray(new String[0])).json();
    assertThat(result.path("steps").intValue()).isEqualTo(4);
    double after = result.path("eval_perplexity").doubleValue();
    Path adapter = folder.resolve("out").resolve("adapter");
    assertThat(eval(data, "-a", adapter).json().path("perplexity").doubleValue())
        .isEqualTo(after, within(1e-4 * after));
    assertThat(
            Run.of(
                    "generate",
                    "-m",
                    model,
                    "-a",
                    adapter,
                    "--max-new-tokens",
                    "3",
                    "-p",
                    "the film")
                .ok()
                .out())
        .isNotNull();
    assertThat(
            train(data, "--tuner", "prompt-tuning", "--virtual-tokens", "4", "--target", "q_proj")
                .err())
        .contains("the tuner changes the whole model");
  }

  /** LoftQ makes up for what codes lose; the others look at the rows. */
  @ParameterizedTest
  @ValueSource(
      strings = {"--loftq --quantize nf4", "--eva --rank 2", "--corda", "--lora-ga --rank 2"})
  void startsWithData(String options) throws IOException {
    List<String> args = new ArrayList<>(List.of(options.split(" ")));
    args.addAll(List.of("--steps", "4", "--lr", "1e-2", "--eval", data.toString(), "--json"));
    double after = train(data, args.toArray(new String[0])).json().path("eval_loss").doubleValue();
    List<Object> with = new ArrayList<>(List.of("-a", folder.resolve("out/adapter")));
    if (options.contains("nf4")) {
      with.addAll(List.of("--quantize", "nf4"));
    }
    assertThat(eval(data, with.toArray()).json().path("loss").doubleValue())
        .isEqualTo(after, within(1e-4 * after));
  }

  @Test
  void theRateIs2eMinus4UnlessGiven() throws IOException {
    train(data, "--steps", "1").ok();
    Path file = folder.resolve("out/adapter/training.json");
    JsonNode settings = Run.JSON.readTree(file.toFile()).path("settings");
    assertThat(settings.path("learning rate").asText()).isEqualTo("2.0E-4");
    assertThat(settings.path("batch").intValue()).isEqualTo(8);
  }

  /** Each setting runs; the frozen weights may be of 16 bits. */
  @ParameterizedTest
  @CsvSource({
    "--dtype, bfloat16",
    "--dtype, float16",
    "--schedule, cosine_with_restarts",
    "--schedule, warmup_stable_decay",
    "--checkpointing, on",
    "--label-smoothing, 0.1",
    "--neftune, 5",
    "--accumulation, 3",
    "--target, q_proj"
  })
  void settings(String option, String value) throws IOException {
    assertThat(train(data, option, value, "--steps", "2", "--json").json().path("steps").asInt())
        .isEqualTo(2);
  }

  @Test
  void plainTextIsCutIntoBlocks() throws IOException {
    Path text = folder.resolve("book.txt");
    Files.writeString(text, "the film was great . ".repeat(10));
    // [CLS], 50 words and [SEP]: four blocks of 12 and a rest of 4
    JsonNode measured = eval(text, "--task", "causal-lm").json();
    assertThat(measured.path("rows").intValue()).isEqualTo(5);
    assertThat(measured.path("tokens").intValue()).isEqualTo(4 * 11 + 3);
    train(text, "--steps", "1").ok();
  }

  @Test
  void rowsThatAreTooLongAreCutCountedAndSaidOnce() throws IOException {
    Path table = folder.resolve("data.tsv");
    Files.writeString(
        table,
        "text\nthe film was great\nthe film was very very very very very very very very great\n"
            + "a a a a a a a a a a a a a a a\n");
    Run run = train(table, "--steps", "1").ok();
    assertThat(run.err().lines().filter(l -> l.startsWith("warning: "))).hasSize(1);
    assertThat(run.err()).contains("2 of 3 texts are longer than 12 tokens and are cut there");
  }

  @Test
  void nothingToLearnFromIsAnError() throws IOException {
    Files.writeString(data, "");
    train(data).failed("data.jsonl: no row is left; it has none");
    Path empty = folder.resolve("empty.txt");
    Files.writeString(empty, "");
    Files.writeString(model.resolve("tokenizer.json"), plain());
    Path config = model.resolve("config.json");
    Files.writeString(config, Files.readString(config).replaceAll(",\\s*\"eos_token_id\": 3", ""));
    Files.delete(model.resolve("tokenizer_config.json"));
    train(empty).failed("empty.txt: has no text of which a token could be predicted");
    train(folder.resolve("none.txt")).failed("none.txt: does not exist");
  }

  /** Answers are learned, prompts are not. */
  @Test
  void promptsAndCompletions() throws IOException {
    Files.writeString(data, "{\"prompt\": \"the film was\", \"completion\": \" very great\"}\n");
    int answers = eval(data, "--task", "causal-lm").json().path("tokens").intValue();
    int all = eval(data, "--task", "causal-lm", "--loss", "all").json().path("tokens").intValue();
    assertThat(answers).isPositive().isLessThan(all);
  }

  /** An adapter that learned conversations has the template that it learned them in. */
  @Test
  void conversationsKeepTheirTemplate() throws IOException {
    Path template = folder.resolve("words.jinja");
    Files.writeString(
        template,
        "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}"
            + " [SEP]{% endgeneration %}{% else %}{{ m.content }} {% endif %}{% endfor %}");
    Files.writeString(
        data,
        """
        {"messages": [{"role": "user", "content": "was the film great"}, {"role": "assistant", "content": "very great"}]}
        """);
    train(data, "--chat-template", template.toString(), "--steps", "1").ok();
    Path adapter = folder.resolve("out").resolve("adapter");
    assertThat(Files.readString(adapter.resolve("chat_template.jinja")))
        .isEqualTo(Files.readString(template));
    assertThat(Files.readString(adapter.resolve("generation_config.json"))).contains("3");
  }

  /** The tokenizer without special tokens around a text. */
  private String plain() throws IOException {
    var tree = Run.JSON.readTree(model.resolve("tokenizer.json").toFile());
    ((com.fasterxml.jackson.databind.node.ObjectNode) tree).putNull("post_processor");
    return tree.toString();
  }

  @Test
  void aTextThatIsNotThereIsNamed() throws IOException {
    Files.writeString(data, "{\"text\": \"a film\"}\n{\"txt\": \"a book\"}\n");
    train(data).failed("data.jsonl", "line 2");
    train(data, "--text", "content").failed("data.jsonl", "line 1");
    Path table = folder.resolve("data.csv");
    Files.writeString(table, "txt\na film\n");
    train(table).failed("data.csv", "text");
  }

  @Test
  void tokensThatTheModelDoesNotHaveAreNamed() throws IOException {
    Path config = model.resolve("config.json");
    Files.writeString(
        config, Files.readString(config).replace("\"vocab_size\": 18", "\"vocab_size\": 17"));
    // the weights do not fit either: all of it is said, a line each
    Run run = train(data);
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains("embed_tokens.weight", "lm_head.weight");
    TinyDecoder.write(model, TinyModel.WORDS.size() - 1);
    Files.writeString(data, "{\"text\": \"a fine film\"}\n{\"text\": \"a poor film\"}\n");
    train(data).failed("data.jsonl: has the token 17, but the model has 17 (vocab_size)");
    Path table = folder.resolve("data.csv");
    Files.writeString(table, "text\na fine film\na poor film\n");
    train(table).failed("data.csv: line 3: the tokenizer gives the token 17");
  }

  @Test
  void anEndThatNoVocabularyHasIsNamed() throws IOException {
    Path tokenizer = model.resolve("tokenizer_config.json");
    Files.writeString(tokenizer, "{\"eos_token\": \"<|over|>\"}");
    train(data)
        .failed("the tokenizer's eos_token \"<|over|>\", 18, is not in the vocabulary of 18");
    Files.delete(tokenizer);
    Path config = model.resolve("config.json");
    Files.writeString(
        config, Files.readString(config).replace("\"eos_token_id\": 3", "\"eos_token_id\": 18"));
    Path text = folder.resolve("book.txt");
    Files.writeString(text, "the film was great");
    train(text).failed("the eos_token_id of config.json, 18, is not in the vocabulary of 18");
  }

  /** Each of them stands in a line of its own. */
  @Test
  void allThatDoesNotFitIsListed() throws IOException {
    Path config = model.resolve("config.json");
    Files.writeString(
        config, Files.readString(config).replace("\"hidden_size\": 16", "\"hidden_size\": 20"));
    Run run = train(data);
    assertThat(run.code()).isEqualTo(1);
    assertThat(run.err()).contains(model + " does not fit the model");
    assertThat(
            run.err()
                .lines()
                .filter(l -> l.matches(" +(model|lm_head)\\S+: expected .*, found .*")))
        .hasSize(2 * 9 + 3); // every weight has the hidden size
    Files.writeString(
        config,
        Files.readString(config)
            .replace("\"hidden_size\": 20", "\"hidden_size\": 16")
            .replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"));
    assertThat(train(data).err().lines().filter(l -> l.matches(" +model.layers.2\\S+"))).hasSize(9);
  }

  @Test
  void settingsThatTheFamilyDoesNotHave() throws IOException {
    Path config = model.resolve("config.json");
    String usual = Files.readString(config);
    Files.writeString(config, usual.replace("{\"model_type\"", "{\"poetry\": 3, \"model_type\""));
    train(data, "--steps", "1").ok(); // a warning of the log, see DecoderFolderTest
    Files.writeString(
        config, usual.replace("{\"model_type\"", "{\"is_causal\": false, \"model_type\""));
    train(data).failed("config.json: is_causal is false, which is not supported");
  }

  @Test
  void inspectNamesFamilySizesAndTheMemoryOfTraining() throws IOException {
    JsonNode found = Run.of("inspect", model, "--json").json();
    assertThat(found.path("family").asText()).isEqualTo("llama");
    assertThat(found.path("sizes").path("layers").intValue()).isEqualTo(2);
    assertThat(found.path("sizes").path("key_value_heads").intValue()).isEqualTo(2);
    JsonNode memory = found.path("training_memory");
    assertThat(memory.path("weights_bytes").longValue())
        .isEqualTo(4 * found.path("parameters").longValue());
    assertThat(memory.path("tokens").intValue()).isEqualTo(12);
    long values = memory.path("activations_bytes").longValue();
    assertThat(values).isGreaterThan(12 * 2 * 16 * 4);
    JsonNode eight = Run.of("inspect", model, "--batch", "8", "--json").json();
    assertThat(eight.path("training_memory").path("activations_bytes").longValue())
        .isBetween(3 * values, 9 * values);
    JsonNode shorter = Run.of("inspect", model, "--max-length", "4", "--json").json();
    assertThat(shorter.path("training_memory").path("tokens").intValue()).isEqualTo(4);
    assertThat(Run.of("inspect", model, "--max-length", "13").err())
        .contains("--max-length is 13, the model takes 2 to 12 tokens");
    assertThat(Run.of("inspect", model, "--batch", "0").err()).contains("--batch is 0");
    JsonNode halves = Run.of("inspect", model, "--dtype", "bfloat16", "--json").json();
    assertThat(halves.path("training_memory").path("weights_bytes").longValue())
        .isBetween(
            2 * found.path("parameters").longValue(), 3 * found.path("parameters").longValue());
    assertThat(Run.of("inspect", model, "--dtype", "int8").err())
        .contains("--dtype is \"int8\", expected float32, bfloat16 or float16");
    assertThat(Run.of("inspect", model).ok().out())
        .contains("family: llama", "sizes.layers: 2", "training_memory.bytes: ");
    TinyDecoder.write(model, TinyModel.WORDS.size() - 1);
    Path config = model.resolve("config.json");
    Files.writeString(
        config, Files.readString(config).replace("\"vocab_size\": 17", "\"vocab_size\": 18"));
    assertThat(Run.of("inspect", model, "--json").json().path("problem").asText())
        .contains("embed_tokens.weight", "lm_head.weight");
  }

  @Test
  void aModelOfAnotherKindIsRefused() throws IOException {
    Path bert = TinyModel.write(folder.resolve("bert"));
    model = bert;
    train(data).failed("config.json", "model_type", "bert", "llama");
  }

  @ParameterizedTest
  @CsvSource({
    "--dtype, int8, 'float32, bfloat16 or float16'",
    "--monitor, accuracy, 'loss or perplexity'",
    "--max-length, 13, 'the model takes 2 to 12 tokens'",
    "--max-length, 1, 'the model takes 2 to 12 tokens'",
    "--cycles, 0, 'must be at least 1'",
    "--label-smoothing, 2, 'at most 1'",
    "--neftune, -1, 'at least 0'",
    "--task, poetry, 'classification or causal-lm or chat'"
  })
  void wrongOptionsAreNamed(String option, String value, String says) {
    Run run = train(data, option, value);
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains(option, says);
  }

  @Test
  void optionsOfAnotherTaskAreRefused() {
    Run run =
        Run.of(
            "train", "-m", model, "-d", data, "-o", folder.resolve("out"), "--checkpointing", "on");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("--checkpointing is for --task causal-lm");
    run =
        Run.of(
            "train",
            "-m",
            model,
            "-d",
            data,
            "-o",
            folder.resolve("out"),
            "--monitor",
            "perplexity");
    assertThat(run.err()).contains("expected loss, accuracy or f1 for --task classification");
  }

  @Test
  void aSecondRunNeedsResume() throws IOException {
    train(data, "--steps", "2").ok();
    assertThat(train(data, "--steps", "2").err()).contains("--resume");
    assertThat(train(data, "--steps", "2", "--resume", "--json").json().path("steps").asInt())
        .isEqualTo(2);
    train(data, "--steps", "2", "--resume", "--max-length", "11").failed("max length");
  }
}
