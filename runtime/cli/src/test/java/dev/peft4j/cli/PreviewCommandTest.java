package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code peft4j preview} shows of data. */
class PreviewCommandTest {
  private static final String TOKENIZER =
      """
      {"added_tokens": [{"id": 0, "content": "<pad>", "special": true},
                        {"id": 1, "content": "<user>", "special": true},
                        {"id": 2, "content": "<bot>", "special": true},
                        {"id": 3, "content": "<end>", "special": true}],
       "pre_tokenizer": {"type": "WhitespaceSplit"},
       "model": {"type": "WordLevel", "unk_token": "?",
                 "vocab": {"<pad>": 0, "<user>": 1, "<bot>": 2, "<end>": 3, "?": 4, "a": 5, "b": 6, "c": 7}}}
      """;

  private static final String TEMPLATE =
      "{% for m in messages %}{{ '<user>' if m.role == 'user' else '<bot>' }} {{ m.content }}"
          + " <end>{% endfor %}{% if add_generation_prompt %}<bot>{% endif %}";

  @TempDir Path folder;
  private Path model;
  private Path data;

  @BeforeEach
  void write() throws IOException {
    model = Files.createDirectory(folder.resolve("model"));
    Files.writeString(model.resolve("config.json"), "{\"vocab_size\": 8}");
    Files.writeString(model.resolve("tokenizer.json"), TOKENIZER);
    Files.writeString(
        model.resolve("tokenizer_config.json"),
        "{\"tokenizer_class\": \"PreTrainedTokenizerFast\", \"eos_token\": \"<end>\","
            + " \"pad_token\": \"<pad>\"}");
    Files.writeString(model.resolve("chat_template.jinja"), TEMPLATE);
    data = folder.resolve("chat.jsonl");
    Files.writeString(
        data,
        """
        {"messages": [{"role": "user", "content": "a b"}, {"role": "assistant", "content": "c"}]}
        {"messages": [{"role": "user", "content": "a b"}]}
        {"prompt": "a", "completion": " b c"}
        """);
  }

  @Test
  void theLearnedTokensAreShown() {
    Run run = Run.of("preview", "--model", model, "--data", data).ok();
    assertThat(run.out())
        .contains("3 rows, 2 examples, 11 tokens, of which 5 are learned")
        .contains("rows dropped, without a token to learn: 1; skipped: 0")
        .contains("largest token id 7, the embedding has 8 rows")
        .contains("<user>a b<end><bot>«c<end>»");
    run = Run.of("preview", "--model", model, "--data", data, "--row", 3, "--loss", "all").ok();
    assertThat(run.out()).contains("a«b c<end>»");
    assertThat(Run.of("preview", "--model", model, "--data", data, "--row", 2).ok().out())
        .contains("row 2 is dropped");
  }

  @Test
  void theSameAsJson() throws IOException {
    JsonNode all =
        Run.of("preview", "--model", model, "--data", data, "--max-length", 6, "--json").json();
    assertThat(all.path("lost_end").intValue()).isEqualTo(1);
    assertThat(all.path("lengths").toString()).isEqualTo("[6,4]");
    assertThat(all.path("warnings").get(0).path("kind").asText()).isEqualTo("DROPPED");
    assertThat(all.path("example").get(1).path("counted").booleanValue()).isTrue();
    assertThat(all.path("vocab_size").intValue()).isEqualTo(8);
  }

  @Test
  void aTokenizerOfAnotherModelIsSeen() throws IOException {
    Files.writeString(model.resolve("config.json"), "{\"vocab_size\": 6}");
    Run run = Run.of("preview", "--model", model, "--data", data).ok();
    assertThat(run.err()).contains("token id 7 is beyond the embedding's 6 rows");
  }

  @Test
  void anotherTemplateMayBeGiven() throws IOException {
    Path other = folder.resolve("other.jinja");
    Files.writeString(other, "{% for m in messages %}{{ m.content }} <end>{% endfor %}");
    Run.of("preview", "--model", model, "--data", data, "--chat-template", other, "--loss", "all")
        .ok();
    Run.of("preview", "-m", model, "-d", data, "--chat-template", folder.resolve("none"))
        .failed("none", "does not exist; expected a chat template");
    Files.writeString(other, "{% for m in messages %}");
    Run.of("preview", "-m", model, "-d", data, "--chat-template", other)
        .failed("other.jinja", "line");
  }

  @Test
  void whatIsWrongSaysWhere() throws IOException {
    assertThat(Run.of("preview", "-m", model, "-d", data, "--row", 9).err())
        .contains("--row is 9, the file has 3 rows");
    assertThat(Run.of("preview", "-m", model, "-d", data, "--max-length", 0).err())
        .contains("--max-length is 0");
    Files.writeString(data, "{\"messages\": []}\n");
    Run.of("preview", "-m", model, "-d", data).failed("line 1", "empty conversation");
    Files.delete(model.resolve("chat_template.jinja"));
    Files.writeString(data, "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n");
    Run.of("preview", "-m", model, "-d", data)
        .failed("line 1", "no chat template", "--chat-template");
  }
}
