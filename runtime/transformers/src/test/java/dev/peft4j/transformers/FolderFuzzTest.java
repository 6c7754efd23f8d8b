package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.fuzz.Attack;
import dev.peft4j.fuzz.Fuzz;
import dev.peft4j.fuzz.Mutation;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelFolder;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StateDictException;
import dev.peft4j.io.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Folders of models of which a file is damaged, or made to do harm. */
class FolderFuzzTest {
  private static final int ROUNDS = Attack.rounds(20_000);

  @TempDir Path outside;
  private Path folder;

  @BeforeEach
  void copy() throws IOException {
    folder = Files.createDirectory(outside.resolve("model"));
    Tiny.copyTo(folder);
    SafeTensors.write(
        outside.resolve("outside.safetensors"),
        Map.of("outside", StoredTensor.of(new float[1], 1)));
  }

  private Fuzz fuzz() {
    return new Fuzz(outside, IOException.class, StateDictException.class);
  }

  @Test
  void settings() throws Exception {
    Path file = folder.resolve("config.json");
    byte[] good = Files.readAllBytes(file);
    Mutation mutation = new Mutation(1);
    int taken =
        fuzz()
            .run(
                ROUNDS,
                file,
                round -> mutation.text(good),
                () -> Transformers.bertForSequenceClassification(folder));
    assertThat(taken).isBetween(ROUNDS / 50, ROUNDS * 3 / 4);
  }

  @ParameterizedTest
  @CsvSource({
    "vocab_size, 2147483647",
    "hidden_size, 999999999",
    "num_hidden_layers, 2147483647",
    "intermediate_size, 2147483647",
    "max_position_embeddings, 2147483647",
    "type_vocab_size, 2147483647",
    "num_labels, 2147483647"
  })
  void aModelThatFillsTheMemoryIsRefused(String key, int value) throws Exception {
    Path file = folder.resolve("config.json");
    JsonMapper json = new JsonMapper();
    ObjectNode tree = (ObjectNode) json.readTree(file.toFile());
    tree.remove("id2label");
    tree.put(key, value);
    byte[] bytes = json.writeValueAsBytes(tree);
    assertThat(
            fuzz()
                .run(
                    1,
                    file,
                    round -> bytes,
                    () -> Transformers.bertForSequenceClassification(folder)))
        .isZero();
  }

  @Test
  void anIndexOfSeveralFiles() throws Exception {
    Files.move(folder.resolve("model.safetensors"), folder.resolve("a.safetensors"));
    SafeTensors.write(
        folder.resolve("b.safetensors"), Map.of("extra", StoredTensor.of(new float[2], 2)));
    Path file = folder.resolve("model.safetensors.index.json");
    ObjectNode index = new JsonMapper().createObjectNode();
    ObjectNode map = index.putObject("weight_map");
    SafeTensors.open(folder.resolve("a.safetensors"))
        .names()
        .subList(0, 8)
        .forEach(name -> map.put(name, "a.safetensors"));
    map.put("extra", "b.safetensors");
    byte[] good = index.toPrettyString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
    Files.write(file, good);
    Mutation mutation = new Mutation(2);
    int taken =
        fuzz()
            .run(
                ROUNDS,
                file,
                round -> mutation.text(good),
                () ->
                    assertThat(ModelFolder.open(folder).names())
                        .as("nothing of a file outside of the folder")
                        .doesNotContain("outside"));
    assertThat(taken).isBetween(ROUNDS / 200, ROUNDS * 3 / 4);
  }

  /** The tokenizer of the folder, and such with other models. */
  private static final String BPE =
      """
      {"type": "BPE", "dropout": null, "unk_token": "[UNK]", "continuing_subword_prefix": null,
       "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
       "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4, "c": 5, "t": 6, "ca": 7,
        "cat": 8, "l": 9, "r": 10, "g": 11, "e": 12},
       "merges": ["c a", "ca t"]}
      """;

  private static final String UNIGRAM =
      """
      {"type": "Unigram", "unk_id": 1, "byte_fallback": false,
       "vocab": [["[PAD]", 0], ["[UNK]", 0], ["[CLS]", 0], ["[SEP]", 0], ["a", -1.5], ["cat", -2],
        ["large", -3.25], ["l", -5]]}
      """;

  private static final String WORDS =
      """
      {"type": "WordLevel", "unk_token": "[UNK]",
       "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4, "cat": 5}}
      """;

  private static final String BYTES =
      """
      {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
      """;

  private static final String META =
      """
      {"type": "Sequence", "pretokenizers": [
       {"type": "Split", "pattern": {"Regex": "[0-9]+|,"}, "behavior": "Isolated", "invert": false},
       {"type": "Metaspace", "replacement": "_", "prepend_scheme": "always", "split": true}]}
      """;

  static List<Arguments> tokenizers() {
    return List.of(
        Arguments.of("as it is", ROUNDS, null, null),
        Arguments.of("BPE", ROUNDS / 4, BPE, BYTES),
        Arguments.of("Unigram", ROUNDS / 4, UNIGRAM, META),
        Arguments.of("WordLevel", ROUNDS / 4, WORDS, null));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource
  void tokenizers(String name, int rounds, @Nullable String model, @Nullable String preTokenizer)
      throws Exception {
    Path file = folder.resolve("tokenizer.json");
    JsonMapper json = new JsonMapper();
    ObjectNode tree = (ObjectNode) json.readTree(file.toFile());
    if (model != null) {
      tree.set("model", json.readTree(model));
    }
    if (preTokenizer != null) {
      tree.set("pre_tokenizer", json.readTree(preTokenizer));
    }
    byte[] good = json.writerWithDefaultPrettyPrinter().writeValueAsBytes(tree);
    Mutation mutation = new Mutation(name.hashCode());
    int taken =
        fuzz()
            .run(
                rounds,
                file,
                round -> round == 0 ? good : mutation.text(good),
                () -> {
                  try (Tokenizer tokenizer = Tokenizer.load(file, 20)) {
                    TokenBatch batch =
                        tokenizer.encode(List.of("a large cat, with 12 stripes", "", "\0 ü 猫"));
                    assertThat(batch.tokens()).isLessThanOrEqualTo(20);
                    tokenizer.encode(List.of("a cat", "cat"), List.of("the animal", ""));
                  }
                });
    assertThat(taken).isBetween(rounds / 50, rounds * 3 / 4);
  }

  /** The native library would end the JVM at the first text. */
  @Test
  void aTokenizerWithoutItsTokensIsRefused() throws IOException {
    Path file = folder.resolve("tokenizer.json");
    String good = Files.readString(file);
    Files.writeString(file, good.replace("\"unk_token\": \"[UNK]\"", "\"unk_token\": \"[?]\""));
    assertThatThrownBy(() -> Tokenizer.load(file, 20))
        .isInstanceOf(FileFormatException.class)
        .hasMessage(
            file + ": has the unknown token '[?]' (model.unk_token), which is not in model.vocab");
    ObjectNode tree = (ObjectNode) new JsonMapper().readTree(good);
    ((ObjectNode) tree.at("/post_processor/special_tokens")).remove("[SEP]");
    Files.writeString(file, tree.toString());
    assertThatThrownBy(() -> Tokenizer.load(file, 20))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("has the token '[SEP]' in post_processor.single");
  }
}
