package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code train --task chat}. */
class ChatTrainCommandTest {
  private static final String TEMPLATE =
      "{% for m in messages %}{% if m.role == 'user' %}a {{ m.content }} {% elif m.role =="
          + " 'assistant' %}the {% generation %}{{ m.content }} [SEP]{% endgeneration %}{% else %}"
          + "{{ raise_exception('no role ' + m.role + ' here') }}{% endif %}{% endfor %}"
          + "{% if add_generation_prompt %}the {% endif %}";

  private @TempDir Path folder;
  private Path model = Path.of("");
  private Path data = Path.of("");

  @BeforeEach
  void write() throws IOException {
    model = TinyDecoder.write(folder.resolve("model"));
    Files.writeString(model.resolve("chat_template.jinja"), TEMPLATE);
    data = folder.resolve("chat.jsonl");
    StringBuilder lines = new StringBuilder();
    for (String how : List.of("great", "lovely", "awful", "boring")) {
      for (String thing : List.of("film", "book", "song")) {
        lines.append(row(thing, how));
        lines.append(row(thing + " was", "very very " + how));
      }
    }
    Files.writeString(data, lines);
  }

  private static String row(String asked, String said) {
    return """
    {"messages": [{"role": "user", "content": "%s"}, {"role": "assistant", "content": "%s"}]}
    """
        .formatted(asked, said);
  }

  private Run train(Path on, Object... more) {
    return trainTo(folder.resolve("out"), on, more);
  }

  private Run trainTo(Path to, Path on, Object... more) {
    List<Object> args = new ArrayList<>(List.of("train", "--task", "chat", "--quiet"));
    args.addAll(List.of("--model", model, "--data", on, "-o", to));
    args.addAll(List.of(more));
    return Run.of(args.toArray());
  }

  private JsonNode training() throws IOException {
    return Run.JSON.readTree(folder.resolve("out/adapter/training.json").toFile());
  }

  @Test
  void answersAreLearned() throws IOException {
    JsonNode result =
        train(data, "--eval", data, "--epochs", 6, "--lr", "1e-2", "--seed", 3, "--json").json();
    assertThat(result.path("eval_perplexity").doubleValue()).isLessThan(6);
    assertThat(training().path("task").asText()).isEqualTo("chat");
    List<String> log = Files.readAllLines(folder.resolve("out/loss.csv"));
    assertThat(log.getFirst())
        .isEqualTo("step,epoch,loss,learning_rate,gradient_norm,entropy,mean_token_accuracy");
    String[] last = log.getLast().split(",", -1);
    assertThat(Double.parseDouble(last[5])).isBetween(0.0, Math.log(18));
    assertThat(Double.parseDouble(last[6])).isBetween(0.3, 1.0);
    // the adapter says what it is for and how conversations are written
    Files.delete(model.resolve("chat_template.jinja"));
    Path adapter = folder.resolve("out/adapter");
    JsonNode measured = Run.of("eval", "-m", model, "-d", data, "-a", adapter, "--json").json();
    assertThat(measured.path("perplexity").doubleValue())
        .isCloseTo(result.path("eval_perplexity").doubleValue(), within(1e-4));
    assertThat(measured.path("tokens").intValue()).isEqualTo(12 * 2 + 12 * 4);
    JsonNode named =
        Run.of("eval", "--task", "chat", "-m", model, "-d", data, "-a", adapter, "--json").json();
    assertThat(named).isEqualTo(measured);
  }

  @Test
  void theRateIs2eMinus4UnlessGiven() throws IOException {
    train(data, "--steps", 1).ok();
    assertThat(training().path("settings").path("learning rate").asText()).isEqualTo("2.0E-4");
    assertThat(training().path("settings").path("batch").intValue()).isEqualTo(8);
  }

  @Test
  void packedRowsTakeFewerSteps() throws IOException {
    int plain = train(data, "--epochs", 1, "--batch", 2, "--json").json().path("steps").intValue();
    Path to = folder.resolve("packed");
    Run run = trainTo(to, data, "--epochs", 1, "--batch", 2, "--packing", "bfd", "--json");
    int packed = run.json().path("steps").intValue();
    assertThat(plain).isEqualTo(12);
    assertThat(packed).isLessThanOrEqualTo(9);
    assertThat(run.err()).contains("packed 24 examples into", "rows of at most 12 tokens");
  }

  @ParameterizedTest
  @CsvSource({
    "--packing, bfd",
    "--packing, bfd_split",
    "--group-by-length, ''",
    "--loss-on, all",
    "--loss, completion",
    "--loss, assistant",
    "--max-length, 10",
    "--neftune, 5",
    "--label-smoothing, 0.1",
    "--plain-content, ''",
    "--text-field, body"
  })
  void settings(String option, String value) throws IOException {
    List<Object> more = new ArrayList<>(List.of(option, "--steps", 2, "--json"));
    if (!value.isEmpty()) {
      more.add(1, value);
    }
    assertThat(train(data, more.toArray()).json().path("steps").intValue()).isEqualTo(2);
  }

  /** A run that was cut short and goes on is the same run, bit for bit. */
  @ParameterizedTest
  @CsvSource({"--group-by-length", "--packing=bfd"})
  void resumedIsTheSame(String option) throws IOException {
    Path whole = folder.resolve("whole");
    Path halves = folder.resolve("halves");
    Object[] settings = {
      option, "--batch", 3, "--seed", 4, "--warmup", 0, "--schedule", "constant", "--steps"
    };
    trainTo(whole, data, with(settings, 9)).ok();
    trainTo(halves, data, with(settings, 4)).ok();
    trainTo(halves, data, with(settings, 9, "--resume")).ok();
    String weights = "adapter/adapter_model.safetensors";
    assertThat(halves.resolve(weights)).hasSameBinaryContentAs(whole.resolve(weights));
    assertThat(halves.resolve("loss.csv")).hasSameBinaryContentAs(whole.resolve("loss.csv"));
    assertThat(trainTo(halves, data, "--batch", 3, "--seed", 4, "--steps", 9, "--resume").code())
        .isEqualTo(1); // other batches
  }

  private static Object[] with(Object[] some, Object... more) {
    List<Object> all = new ArrayList<>(List.of(some));
    all.addAll(List.of(more));
    return all.toArray();
  }

  @Test
  void droppedRowsAreAnErrorUnlessAllowed() throws IOException {
    Files.writeString(data, "{\"messages\": [{\"role\": \"user\", \"content\": \"a film\"}]}\n");
    Files.writeString(folder.resolve("more"), row("film", "great").repeat(3));
    Files.write(
        data, Files.readAllBytes(folder.resolve("more")), java.nio.file.StandardOpenOption.APPEND);
    train(data, "--steps", 1)
        .failed("the loss counts no token of 1 of 4 rows", "line 1", "--allow-dropped");
    for (String packing : List.of("off", "bfd")) {
      Path to = folder.resolve(packing);
      trainTo(to, data, "--steps", 1, "--allow-dropped", "--packing", packing).ok();
    }
    Run seen = Run.of("preview", "-m", model, "-d", data).ok();
    assertThat(seen.out()).contains("rows dropped, without a token to learn: 1");
    assertThat(seen.err()).contains("--allow-dropped");
  }

  @Test
  void whatIsNotAConversationIsRefused() throws IOException {
    Path table = folder.resolve("data.csv");
    Files.writeString(table, "text\na film\n");
    Run run = train(table);
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("--task chat reads rows of JSON", "data.csv", "causal-lm");
    Files.delete(model.resolve("chat_template.jinja"));
    train(data).failed("has no chat template", "--chat-template FILE");
    Path given = folder.resolve("own.jinja");
    Files.writeString(given, TEMPLATE);
    train(data, "--chat-template", given, "--steps", 1).ok();
    assertThat(folder.resolve("out/adapter/chat_template.jinja")).hasContent(TEMPLATE);
  }

  /** Each command of docs/chat.md but the download, with a small model in place of its own. */
  @Test
  void theCommandsOfThePageRun() throws IOException {
    String page = Files.readString(Path.of("..", "..", "docs", "chat.md"));
    List<String> commands =
        Pattern.compile("(?ms)^```sh\n(.*?)^```")
            .matcher(page)
            .results()
            .flatMap(m -> m.group(1).lines())
            .toList();
    assertThat(commands).hasSize(3);
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream("film\n".getBytes(StandardCharsets.UTF_8)));
    try {
      for (String command : commands) {
        assertThat(command).startsWith("peft4j ");
        List<Object> words = new ArrayList<>(List.of(command.split(" ")));
        words.removeFirst();
        words.replaceAll(
            w ->
                switch (w.toString()) {
                  case "HuggingFaceTB/SmolLM2-135M-Instruct" -> model;
                  case "chat.jsonl", "keeper", "keeper/adapter" -> folder.resolve(w.toString());
                  default -> w;
                });
        if (words.contains("train")) {
          words.add("--quiet");
        }
        Run.of(words.toArray()).ok();
      }
    } finally {
      System.setIn(before);
    }
    assertThat(Files.readAllLines(folder.resolve("keeper/loss.csv"))).hasSize(1 + 18);
  }

  @Test
  void aTemplateThatIsBuiltInIsTakenByName() throws IOException {
    Files.delete(model.resolve("chat_template.jinja"));
    train(data, "--steps", 1).failed("has no chat template", "chatml, llama3, plain, zephyr");
    train(data, "--chat-template", "none.jinja", "--steps", 1).failed("built in: chatml, llama3");
    train(data, "--chat-template", "plain", "--steps", 1).ok();
    assertThat(Files.readString(folder.resolve("out/adapter/chat_template.jinja")))
        .contains("Assistant: ");
  }

  @Test
  void optionsThatExcludeEachOtherAreRefused() {
    Run run = train(data, "--packing", "bfd", "--group-by-length");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("--group-by-length and --packing exclude each other");
    assertThat(train(data, "--packing", "wrapped").code()).isEqualTo(2); // no option for it
    run = Run.of("train", "-m", model, "-d", data, "-o", folder.resolve("out"), "--packing", "bfd");
    assertThat(run.err()).contains("--packing is for --task causal-lm and --task chat");
  }
}
