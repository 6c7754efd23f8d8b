package dev.peft4j.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.chat.ChatMessage;
import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.chat.ChatTemplateException;
import dev.peft4j.chat.RenderOptions;
import dev.peft4j.data.Rng;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.LlamaForCausalLM;
import dev.peft4j.transformers.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Conversations go on turn by turn, and end where their template ends answers. */
class ChatSessionTest {
  private static final String WORDS = "a b c d e f g h i j k l m n o p q r s t";

  private static final String TEMPLATE =
      "{% for m in messages %}{% if m.role == 'critic' %}{{ raise_exception('no critics') }}{%"
          + " endif %}<turn> {{ m.role }} {{ m.content }} <done> {% endfor %}{% if"
          + " add_generation_prompt %}<turn> assistant {% endif %}";

  @TempDir Path folder;
  private Tokenizer tokenizer;
  private Generator generator;

  @BeforeEach
  void make() throws IOException {
    StringBuilder vocabulary = new StringBuilder();
    int id = 4;
    for (String w : ("user assistant system critic " + WORDS).split(" ")) {
      vocabulary.append(", \"").append(w).append("\": ").append(id++);
    }
    Files.writeString(
        folder.resolve("tokenizer.json"),
        """
        {"added_tokens": [{"id": 0, "content": "<eos>", "special": true},
                          {"id": 1, "content": "<turn>", "special": true},
                          {"id": 2, "content": "<done>", "special": true}],
         "pre_tokenizer": {"type": "WhitespaceSplit"},
         "model": {"type": "WordLevel", "unk_token": "?",
                   "vocab": {"<eos>": 0, "<turn>": 1, "<done>": 2, "?": 3 %s}}}
        """
            .formatted(vocabulary));
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"tokenizer_class\": \"PreTrainedTokenizerFast\", \"eos_token\": \"<eos>\"}");
    Files.writeString(folder.resolve("chat_template.jinja"), TEMPLATE);
    tokenizer = Tokenizer.load(folder, 1000);
    int size = id;
    CausalLm model =
        Rng.with(
            new Rng(6),
            () ->
                new LlamaForCausalLM(
                    DecoderConfig.builder()
                        .vocabSize(size)
                        .hiddenSize(16)
                        .layers(2)
                        .heads(4)
                        .kvHeads(2)
                        .headDim(4)
                        .intermediateSize(24)
                        .maxPositions(200)
                        .initializerRange(0.4)
                        .tied(false)
                        .build()));
    model.eval();
    GenerationConfig config = GenerationConfig.builder().maxNewTokens(6).build();
    generator = Generator.of(model, tokenizer).with(config);
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  private ChatSettings settings() throws IOException {
    return ChatSettings.read(null, folder, tokenizer, generator.config());
  }

  @Test
  void answersEndWhereTheTemplateEndsThem() throws IOException {
    assertThat(settings().stopIds()).containsExactly(0, 2);
    ChatTemplate without = ChatTemplate.of("{% for m in messages %}{{ m.content }} {% endfor %}");
    assertThat(ChatSettings.of(without, tokenizer, generator.config()).stopIds())
        .containsExactly(0);
    GenerationConfig seven = GenerationConfig.builder().eosTokenId(7).build();
    assertThat(ChatSettings.of(without, tokenizer, seven).stopIds()).containsExactly(7, 0);
  }

  @Test
  void turnsAreThoseOfTheWholeConversation() throws IOException {
    ChatSettings settings = settings();
    ChatSession chat = new ChatSession(generator, settings).system("a b");
    List<ChatMessage> all = new ArrayList<>(List.of(ChatMessage.system("a b")));
    for (String said : List.of("c d", "e", "f g h")) {
      all.add(ChatMessage.user(said));
      int[] prompt = settings.prompt(tokenizer, all, RenderOptions.NONE);
      Generator alone = generator.with(settings.with(generator.config()));
      String expected = alone.generate(prompt).rows().getFirst().text();
      StringBuilder streamed = new StringBuilder();
      GenerationListener listener =
          new GenerationListener() {
            @Override
            public void onText(int row, String part) {
              streamed.append(part);
            }
          };
      Generated answer = chat.answer(ChatMessage.user(said), listener);
      assertThat(answer.text()).isEqualTo(expected);
      assertThat(streamed.toString()).isEqualTo(expected);
      all.add(ChatMessage.assistant(expected));
      assertThat(chat.messages()).isEqualTo(all);
    }
    assertThat(chat.reused()).isGreaterThan(10);
    assertThat(chat.bytes()).isPositive();
    chat.reset();
    assertThat(chat.messages()).containsExactly(ChatMessage.system("a b"));
    chat.system("z");
    assertThat(chat.messages()).containsExactly(ChatMessage.system("z"));
  }

  @Test
  void whatFailsIsNotPartOfTheConversation() throws IOException {
    ChatSession chat = new ChatSession(generator, settings());
    chat.say("a");
    List<ChatMessage> before = chat.messages();
    assertThatThrownBy(() -> chat.answer(ChatMessage.of("critic", "b"), GenerationListener.NONE))
        .isInstanceOf(ChatTemplateException.class)
        .hasMessageContaining("no critics");
    assertThatThrownBy(() -> chat.say("a ".repeat(300)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("longer than the context of 200");
    assertThat(chat.messages()).isEqualTo(before);
    assertThat(chat.say("b")).isNotNull();
  }

  @Test
  void anAdapterBringsItsTemplate() throws IOException {
    Path adapter = Files.createDirectory(folder.resolve("adapter"));
    assertThat(
            ChatSettings.read(adapter, folder, tokenizer, generator.config()).template().source())
        .isEqualTo(TEMPLATE);
    ChatTemplate other =
        ChatTemplate.of("{% for m in messages %}{{ m.content }} <eos> {% endfor %}");
    new ChatSettings(other, List.of(0, 9)).save(adapter);
    ChatSettings read = ChatSettings.read(adapter, folder, tokenizer, generator.config());
    assertThat(read.template().source()).isEqualTo(other.source());
    assertThat(read.stopIds()).containsExactly(0, 9);
    Files.delete(adapter.resolve("chat_template.jinja"));
    Files.delete(folder.resolve("chat_template.jinja"));
    assertThat(ChatSettings.read(adapter, folder, tokenizer, generator.config())).isNull();
  }

  @Test
  void aTokenizerIsNeeded() throws IOException {
    ChatSettings settings = settings();
    Generator without = Generator.of(generator.model());
    assertThatThrownBy(() -> new ChatSession(without, settings))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no tokenizer");
  }
}
