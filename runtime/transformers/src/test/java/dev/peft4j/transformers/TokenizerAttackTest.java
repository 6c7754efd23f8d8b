package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.fuzz.Attack;
import dev.peft4j.io.FileFormatException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files at which the native library would end the JVM, or never end, are refused. */
class TokenizerAttackTest {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  @TempDir Path temp;

  private static JsonNode crashes() throws IOException {
    return Kinds.JSON.readTree(TokenizerAttackTest.class.getResource("tokenizer-crashes.json"));
  }

  static List<String> names() throws IOException {
    List<String> out = new ArrayList<>();
    crashes().fieldNames().forEachRemaining(out::add);
    return out;
  }

  @ParameterizedTest
  @MethodSource("names")
  void isRefused(String name) throws IOException {
    byte[] bytes = crashes().path(name).asText().getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> Tokenizer.load(new ByteArrayInputStream(bytes), "some.json", 20))
        .isInstanceOf(FileFormatException.class)
        .hasMessageStartingWith("some.json: ")
        .hasMessageNotContaining("\n");
  }

  /** Parts of good files deleted, replaced, exchanged. Whatever comes of it, the JVM lives on. */
  @Test
  void changedFiles() throws IOException {
    List<ObjectNode> good = new ArrayList<>();
    for (Path folder : Kinds.unpack(temp)) {
      if (Files.size(folder.resolve("tokenizer.json")) < 100_000) {
        good.add((ObjectNode) Kinds.JSON.readTree(folder.resolve("tokenizer.json").toFile()));
      }
    }
    Random random = new Random(8);
    List<String> texts = List.of("", "the cat aab", "zzz ünïcode 漢字 🙂", " \t\n ", "</s> <unk>");
    int taken = 0;
    int rounds = Attack.rounds(300);
    for (int round = 0; round < rounds; round++) {
      ObjectNode tree = good.get(random.nextInt(good.size())).deepCopy();
      for (int i = random.nextInt(3); i >= 0; i--) {
        change(tree, good, random);
      }
      byte[] bytes = tree.toString().getBytes(StandardCharsets.UTF_8);
      try (Tokenizer tokenizer = Tokenizer.load(new ByteArrayInputStream(bytes), "x.json", 16)) {
        taken++;
        for (String text : texts) {
          tokenizer.encode(List.of(text));
          tokenizer.encode(List.of(text), List.of("b c"));
        }
        tokenizer.decode(0, 1, 2, 3, 999_999, -1, Long.MAX_VALUE);
      } catch (FileFormatException | IllegalArgumentException e) {
        assertThat(e.getMessage()).isNotEmpty();
      }
    }
    assertThat(taken).isBetween(rounds / 50, rounds);
  }

  private static void change(ObjectNode tree, List<ObjectNode> good, Random random) {
    List<JsonNode> all = new ArrayList<>();
    collect(tree, all);
    JsonNode parent = all.get(random.nextInt(all.size()));
    JsonNode other = good.get(random.nextInt(good.size()));
    List<JsonNode> others = new ArrayList<>();
    collect(other, others);
    JsonNode[] values = {
      NODES.nullNode(),
      NODES.booleanNode(true),
      NODES.textNode(""),
      NODES.textNode("é"),
      NODES.numberNode(random.nextInt(4) - 1),
      NODES.numberNode(1L << random.nextInt(63)),
      NODES.numberNode(0.5),
      NODES.arrayNode(),
      NODES.objectNode(),
      NODES.objectNode().put("Regex", random.nextBoolean() ? "a*" : "\\p{L}+|\\s"),
      NODES.objectNode().put("type", "Whitespace"),
      others.get(random.nextInt(others.size())).deepCopy()
    };
    JsonNode value = values[random.nextInt(values.length)];
    if (parent instanceof ArrayNode list) {
      int at = list.isEmpty() ? -1 : random.nextInt(list.size());
      switch (at < 0 ? 2 : random.nextInt(3)) {
        case 0 -> list.remove(at);
        case 1 -> list.set(at, value);
        default -> list.add(value);
      }
    } else if (parent instanceof ObjectNode object) {
      List<String> keys = new ArrayList<>();
      object.fieldNames().forEachRemaining(keys::add);
      String key = keys.isEmpty() ? "type" : keys.get(random.nextInt(keys.size()));
      if (random.nextInt(4) == 0) {
        object.remove(key);
      } else {
        object.set(key, value);
      }
    }
  }

  /** Objects and lists, but not those within the vocabulary. */
  private static void collect(JsonNode node, List<JsonNode> out) {
    if (node.isContainerNode()) {
      out.add(node);
      if (node.size() < 100) {
        node.forEach(child -> collect(child, out));
      }
    }
  }
}
