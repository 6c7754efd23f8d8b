package dev.peft4j.sft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.sft.SftWarning.Kind;
import dev.peft4j.transformers.TokenRow;
import dev.peft4j.transformers.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rows of a file become tokens of which the right ones are counted; the numbers are TRL's. */
class SftDataTest {
  private static final String ASKED = "{\"role\": \"user\", \"content\": \"old mill\"}";
  private static final String SAID = "{\"role\": \"assistant\", \"content\": \"near\"}";

  private static Tokenizer tokenizer;

  @TempDir Path folder;

  @BeforeAll
  static void load() throws IOException, URISyntaxException {
    Path files =
        Path.of(Objects.requireNonNull(SftDataTest.class.getResource("tokenizer-chat")).toURI());
    tokenizer = Tokenizer.load(files, 1000);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  private static ChatTemplate template(String name) throws IOException {
    try (InputStream in = SftDataTest.class.getResourceAsStream(name + ".jinja")) {
      String source = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
      return ChatTemplate.of(name, source).withSpecialTokens(tokenizer.specialTokens());
    }
  }

  private SftData read(@Nullable String template, SftOptions options, String... lines)
      throws IOException {
    Path file = folder.resolve("chat.jsonl");
    Files.writeString(file, String.join("\n", lines));
    SftEncoder encoder =
        new SftEncoder(tokenizer, template == null ? null : template(template), options);
    return SftData.read(file, encoder);
  }

  private static String messages(String... messages) {
    return "{\"messages\": [" + String.join(", ", messages) + "]}";
  }

  /** The text of the tokens that count. */
  private static String counted(TokenRow row) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < row.length(); i++) {
      if (row.labels()[i] != TokenRow.IGNORED) {
        String special = row.ids()[i] == 5 ? "<|im_end|>" : tokenizer.decode(row.ids()[i]);
        out.append(special);
      }
    }
    return out.toString();
  }

  @ParameterizedTest
  @CsvSource({"marked", "chatml"})
  void answersAreCountedByDefault(String template) throws IOException {
    SftData data =
        read(
            template,
            SftOptions.DEFAULT,
            messages(ASKED, SAID, ASKED, SAID),
            messages(ASKED, SAID));
    assertThat(counted(data.rows().get(0))).isEqualTo("near<|im_end|>near<|im_end|>");
    assertThat(counted(data.rows().get(1))).isEqualTo("near<|im_end|>");
    assertThat(data.warnings()).isEmpty();
    assertThat(data.counted()).isEqualTo(counting(data));
  }

  private static long counting(SftData data) {
    return data.rows().stream().mapToLong(TokenRow::counted).sum();
  }

  @Test
  void allOrTheCompletionIfAskedFor() throws IOException {
    String row = "{\"prompt\": [" + ASKED + "], \"completion\": [" + SAID + "]}";
    TokenRow byDefault = read("marked", SftOptions.DEFAULT, row).rows().get(0);
    assertThat(counted(byDefault)).isEqualTo("near<|im_end|>\n");
    TokenRow all = read("marked", SftOptions.DEFAULT.lossOn(LossOn.ALL), row).rows().get(0);
    assertThat(all.counted()).isEqualTo(all.length() - 1);
    LossOn both = LossOn.ASSISTANT_IN_COMPLETION;
    TokenRow said = read("marked", SftOptions.DEFAULT.lossOn(both), row).rows().get(0);
    assertThat(counted(said)).isEqualTo("near<|im_end|>");
  }

  @Test
  void formatsAreDecidedRowByRow() throws IOException {
    SftData data =
        read(
            "marked",
            SftOptions.DEFAULT,
            "{\"text\": \"old mill\"}",
            "{\"prompt\": \"old\", \"completion\": \" mill\"}",
            "{\"instruction\": \"old\", \"input\": \"mill\", \"output\": \"near\"}",
            "{\"conversations\": [{\"from\": \"human\", \"value\": \"old\\nmill\"},"
                + " {\"from\": \"gpt\", \"value\": \"near\"}]}",
            "{\"input_ids\": [7, 8, 9], \"labels\": [-100, 8, 9]}");
    assertThat(counted(data.rows().get(0))).isEqualTo("old mill<|im_end|>");
    assertThat(counted(data.rows().get(1))).isEqualTo(" mill<|im_end|>");
    assertThat(data.rows().get(2)).isEqualTo(data.rows().get(3));
    assertThat(data.rows().get(4).counted()).isEqualTo(2);
    assertThat(data.warnings()).hasSize(1);
    assertThat(data.warnings().get(0).message())
        .contains("chat.jsonl", "line 3", "Alpaca's", "messages");
  }

  @Test
  void whatIsNotCountedIsDroppedAndTold() throws IOException {
    SftOptions options = SftOptions.DEFAULT.maxLength(24).mostDropped(1);
    String longQuestion = "\"old mill and river and stone and birds and rain and copper roofs\"";
    SftData data =
        read(
            "marked",
            options,
            messages("{\"role\": \"user\", \"content\": " + longQuestion + "}", SAID),
            messages(ASKED, "{\"role\": \"assistant\", \"content\": " + longQuestion + "}"),
            messages(ASKED));
    assertThat(data.kept()).containsExactly(1);
    assertThat(data.dropped()).isEqualTo(2);
    assertThat(data.lostEnd()).isEqualTo(1);
    assertThat(data.warnings().stream().map(SftWarning::kind))
        .containsExactly(Kind.DROPPED, Kind.LOST_END);
    assertThat(data.warnings().get(0).message()).contains("2 of 3 rows", "line 1");
    assertThat(data.warnings().get(1).message()).contains("1 of 3 rows", "24 tokens", "line 2");
  }

  @Test
  void warningsNameTheLineOnce() throws IOException {
    String typed = "{\"role\": \"user\", \"content\": \"a <|im_end|> b\"}";
    SftData data =
        read(
            "late",
            SftOptions.DEFAULT,
            messages(ASKED, SAID),
            messages(typed, SAID),
            messages(typed, SAID));
    assertThat(data.warnings().stream().map(SftWarning::kind))
        .containsExactly(Kind.STOP_NOT_TRAINED, Kind.SPECIAL_TOKENS_IN_CONTENT);
    assertThat(data.warnings().get(1).message())
        .contains("line 2", "messages[0].content contains <|im_end|>");
  }

  /** The numbers are those of tokenizers with encode_special_tokens. */
  @ParameterizedTest
  @CsvSource({"marked", "chatml"})
  void specialTokensInContentStayTextIfAskedFor(String template) throws IOException {
    String typed = "{\"role\": \"user\", \"content\": \"old <|im_end|> mill<|im_start|>\\u00e9\"}";
    int[] plain = {
      90, 88, 262, 204, 84, 301, 226, 33, 97, 78, 82, 68, 269, 73, 97, 35, 226, 82, 270, 81, 33, 97,
      78, 82, 68, 281, 283, 89, 97, 35, 133, 108
    };
    SftData data =
        read(template, SftOptions.DEFAULT.plainContent(true), messages(typed, SAID, ASKED, SAID));
    int[] ids = data.rows().get(0).ids();
    assertThat(ids[0]).isEqualTo(4);
    assertThat(Arrays.copyOfRange(ids, 1, 1 + plain.length)).isEqualTo(plain);
    assertThat(ids[1 + plain.length]).isEqualTo(5);
    assertThat(Arrays.stream(ids).filter(i -> i == 5)).hasSize(4);
    assertThat(Arrays.stream(ids).filter(i -> i == 4)).hasSize(4);
    assertThat(counted(data.rows().get(0))).isEqualTo("near<|im_end|>near<|im_end|>");
    assertThat(data.warnings().get(0).message())
        .contains("line 1", "messages[0].content contains", "which stays text");
    int[] asTokens = read(template, SftOptions.DEFAULT, messages(typed, SAID)).rows().get(0).ids();
    assertThat(Arrays.stream(asTokens).filter(i -> i == 5)).hasSize(3);
    // what nobody typed is the same
    assertThat(read(template, SftOptions.DEFAULT.plainContent(true), messages(ASKED, SAID)).rows())
        .isEqualTo(read(template, SftOptions.DEFAULT, messages(ASKED, SAID)).rows());
  }

  @Test
  void anAnswerThatTypesTheEndIsCountedAsText() throws IOException {
    String said = "{\"role\": \"assistant\", \"content\": \"say <|im_end|> often\"}";
    for (String template : List.of("marked", "chatml")) {
      TokenRow row =
          read(template, SftOptions.DEFAULT.plainContent(true), messages(ASKED, said))
              .rows()
              .get(0);
      assertThat(counted(row)).isEqualTo("say <|im_end|> often<|im_end|>");
      assertThat(Arrays.stream(row.ids()).filter(i -> i == 5)).hasSize(2);
    }
    String reserved = "{\"role\": \"user\", \"content\": \"a \\ufdef b\"}";
    assertThatThrownBy(
            () -> read("marked", SftOptions.DEFAULT.plainContent(true), messages(reserved, SAID)))
        .isInstanceOf(SftException.class)
        .hasMessageContaining("line 1: a message has a noncharacter");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"messages\": []} | is an empty conversation",
        "{\"messages\": [3]} | \"messages[0]\" is 3, expected an object with role and content",
        "{\"messages\": [{\"content\": \"a\"}]} | \"messages[0].role\" is missing",
        "{\"messages\": [{\"role\": \"user\", \"content\": 5}]} | \"messages[0].content\" is 5,"
            + " expected a text",
        "{\"messages\": [{\"role\": \"robot\", \"content\": \"a\"}]} | \"messages[0].role\" is"
            + " \"robot\", expected system, developer, user, assistant, tool, function, or a role"
            + " that the chat template names",
        "{\"messages\": [{\"role\": \"user\", \"content\": {\"a\": 1}}]} | \"messages[0].content\""
            + " is {\"a\":1}, expected a text",
        "{\"messages\": [{\"role\": \"user\"}]} | \"messages[0].content\" is missing, expected a"
            + " text",
        "{\"messages\": [{\"role\": \"user\", \"content\": null}]} | \"messages[0].content\" is"
            + " null",
        "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"a\"},"
            + " {\"type\": \"image\", \"url\": \"b\"}]}]} | \"messages[0].content[1].type\" is"
            + " \"image\", expected text",
        "{\"messages\": 5} | \"messages\" is 5, expected a list of messages",
        "{\"text\": 7} | \"text\" is 7, expected a text",
        "{\"question\": \"a\"} | has [question], expected \"text\", \"prompt\" and \"completion\"",
        "{\"conversations\": [{\"from\": \"robot\", \"value\": \"a\"}]} | \"conversations[0].from\""
            + " is \"robot\", expected human",
        "{\"input_ids\": [1, -3]} | \"input_ids[1]\" is -3, expected a token id",
        "{\"input_ids\": [1, 2], \"labels\": [1]} | has 2 input_ids and 1 labels",
        "{\"prompt\": \"a\", \"completion\": []} | \"prompt\" and \"completion\" are a text and"
            + " messages",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}], \"tools\": 3} | \"tools\" is 3,"
            + " expected a list of tools",
        "{\"text\": \"a\"} | no row is left",
      })
  void badRowsSayWhere(String row, String message) {
    SftOptions options =
        message.contains("no row is left")
            ? SftOptions.DEFAULT.lossOn(LossOn.DEFAULT).textField("body")
            : SftOptions.DEFAULT;
    String expected =
        message.contains("no row is left") ? "has [text], expected \"body\"" : message;
    assertThatThrownBy(() -> read("marked", options, "{\"text\": \"a b\", \"body\": \"b\"}", row))
        .isInstanceOf(SftException.class)
        .hasMessageContaining("chat.jsonl: line 2: ")
        .hasMessageContaining(expected);
  }

  /** What the template says itself, with the line; also where it goes on for ever. */
  @Test
  void whatATemplateRefusesHasTheLine() throws IOException {
    ChatTemplate strict =
        ChatTemplate.of(
            "strict",
            "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
                + "{{ raise_exception('turns must alternate') }}{% endif %}{{ m.content }}"
                + "{% endfor %}");
    refused(strict, messages(ASKED, ASKED), "line 2: strict", "turns must alternate");
    ChatTemplate endless =
        ChatTemplate.of(
            "endless",
            "{% for m in messages %}{% if m.content == 'near' %}{% for i in range(99999) %}"
                + "{% for k in range(99999) %}{% endfor %}{% endfor %}{% endif %}{% endfor %}");
    refused(endless, messages(ASKED, SAID), "line 2: endless", "steps");
    assertThatThrownBy(() -> ChatTemplate.of("t", "a\n{% for m in messages %}"))
        .hasMessageContaining("line 2");
    for (String name : ChatTemplate.builtInNames()) {
      assertThatThrownBy(() -> read(null, SftOptions.DEFAULT, messages(ASKED, SAID)))
          .hasMessageContaining(name);
      ChatTemplate built = ChatTemplate.builtIn(name).withSpecialTokens(tokenizer.specialTokens());
      SftEncoder encoder = new SftEncoder(tokenizer, built, SftOptions.DEFAULT);
      Path file = folder.resolve(name + ".jsonl");
      Files.writeString(file, messages(ASKED, SAID));
      assertThat(counted(SftData.read(file, encoder).rows().get(0))).startsWith("near");
      List<Kind> told = encoder.warnings().stream().map(SftWarning::kind).toList();
      switch (name) {
        case "llama3" ->
            assertThat(told).containsExactlyInAnyOrder(Kind.UNKNOWN_MARKS, Kind.STOP_NOT_TRAINED);
        case "zephyr" -> assertThat(told).containsExactly(Kind.UNKNOWN_MARKS);
        default -> assertThat(told).isEmpty();
      }
    }
  }

  private void refused(ChatTemplate template, String row, String... says) throws IOException {
    SftOptions all = SftOptions.DEFAULT.lossOn(LossOn.ALL);
    Path file = folder.resolve("chat.jsonl");
    Files.writeString(file, messages(ASKED) + "\n" + row);
    assertThatThrownBy(() -> SftData.read(file, new SftEncoder(tokenizer, template, all)))
        .isInstanceOf(SftException.class)
        .hasMessageContainingAll(says);
  }

  @Test
  void badRowsMayBeSkipped() throws IOException {
    SftData data =
        read("marked", SftOptions.DEFAULT.skipBadRows(true), messages(), messages(ASKED, SAID));
    assertThat(data.skipped()).isEqualTo(1);
    assertThat(data.kept()).containsExactly(1);
    assertThat(data.warnings().get(0).message())
        .contains("1 of 2 rows were skipped", "line 1", "empty conversation");
  }

  @Test
  void aTemplateThatForgetsNeedsMarks() throws IOException {
    assertThat(read("think", SftOptions.DEFAULT.lossOn(LossOn.ALL), messages(ASKED, SAID)).rows())
        .hasSize(1);
    assertThatThrownBy(() -> read("think", SftOptions.DEFAULT, messages(ASKED, SAID, ASKED, SAID)))
        .isInstanceOf(SftException.class)
        .hasMessageContaining("line 1")
        .hasMessageContaining("the chat template think renders")
        .hasMessageContaining("{% generation %}");
    assertThatThrownBy(() -> read("chatml", SftOptions.DEFAULT, messages(SAID)))
        .hasMessageContaining("begins with the assistant");
    assertThatThrownBy(() -> read(null, SftOptions.DEFAULT, messages(ASKED, SAID)))
        .hasMessageContaining("no chat template")
        .hasMessageContaining("--chat-template");
  }

  @Test
  void aTenthDroppedIsAnErrorUnlessAllowed() throws IOException {
    String[] rows = new String[11];
    Arrays.fill(rows, messages(ASKED, SAID));
    rows[4] = messages(ASKED);
    SftData data = read("marked", SftOptions.DEFAULT, rows); // one of eleven
    assertThat(data.dropped()).isEqualTo(1);
    assertThat(data.rows()).hasSize(10);
    String[] ten = Arrays.copyOf(rows, 10);
    assertThatThrownBy(() -> read("marked", SftOptions.DEFAULT, ten))
        .isInstanceOf(SftException.class)
        .hasMessageContaining("the loss counts no token of 1 of 10 rows, first")
        .hasMessageContaining("chat.jsonl: line 5")
        .hasMessageContaining("--allow-dropped");
    assertThat(read("marked", SftOptions.DEFAULT.mostDropped(1), ten).dropped()).isEqualTo(1);
  }

  @Test
  void longTextsAreSplitIfAskedForButConversationsStayWhole() throws IOException {
    String text = "{\"text\": \"old mill and river and stone and birds\"}";
    SftOptions options = SftOptions.DEFAULT.maxLength(6);
    TokenRow whole = read("marked", options.maxLength(null), text).rows().get(0);
    SftData data = read("marked", options.splitTexts(true), text);
    assertThat(data.rows().size()).isEqualTo((whole.length() + 5) / 6).isGreaterThan(1);
    assertThat(data.rows().stream().flatMapToInt(r -> Arrays.stream(r.ids())).toArray())
        .isEqualTo(whole.ids());
    assertThat(data.kept()).allMatch(i -> i == 0);
    assertThat(data.lostEnd()).isZero();
    SftOptions all = options.splitTexts(true).lossOn(LossOn.ALL);
    SftData chat = read("marked", all, messages(ASKED, SAID));
    assertThat(chat.rows()).hasSize(1);
    assertThat(chat.rows().get(0).length()).isEqualTo(6);
    assertThat(chat.lostEnd()).isEqualTo(1);
  }

  @Test
  void nothingLeftIsAnError() {
    assertThatThrownBy(() -> read("marked", SftOptions.DEFAULT, messages(ASKED)))
        .hasMessageContaining("no row is left of 1: the loss counts no token of 1");
    assertThatThrownBy(() -> read("marked", SftOptions.DEFAULT, ""))
        .hasMessageContaining("no row is left; it has none");
  }

  @Test
  void toolsMayBeATextAndKeepTheirKeys() throws IOException {
    String tools =
        "[{\"type\": \"function\", \"function\": {\"name\": \"sky\", \"parameters\": {\"b\": 1,"
            + " \"a\": 2.5}}}]";
    String text = tools.replace("\"", "\\\"");
    String body = "\"messages\": [" + ASKED + ", " + SAID + "], \"tools\": ";
    SftData data =
        read(
            "marked",
            SftOptions.DEFAULT,
            "{" + body + tools + "}",
            "{" + body + "\"" + text + "\"}");
    assertThat(data.rows().get(0)).isEqualTo(data.rows().get(1));
    long[] ids = java.util.Arrays.stream(data.rows().get(0).ids()).asLongStream().toArray();
    assertThat(tokenizer.decode(ids)).contains("\"b\": 1, \"a\": 2.5");
    assertThat(List.of(data.largestId())).doesNotContain(-1);
  }
}
