package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.Peft4jException;
import dev.peft4j.data.Rng;
import dev.peft4j.fuzz.Attack;
import dev.peft4j.fuzz.Fuzz;
import dev.peft4j.fuzz.Mutation;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Adapter folders of which a file is damaged, or made to do harm. */
class AdapterFuzzTest {
  private static final int ROUNDS = Attack.rounds(20_000);

  @TempDir Path outside;
  private Path folder;

  static final class Block extends Module {
    final Linear qProj = new Linear(4, 4);
    final Linear vProj = new Linear(4, 4);
  }

  static final class Net extends Module {
    final Embedding embed = new Embedding(6, 4);
    final List<Block> layers = List.of(new Block(), new Block());
    final Linear head = new Linear(4, 2);
  }

  @BeforeEach
  void save() throws Exception {
    folder = outside.resolve("adapter");
    LoraConfig config =
        LoraConfig.builder()
            .targets("q_proj", "v_proj")
            .modulesToSave("head")
            .rankPattern("q_proj", 3)
            .alphaPattern("v_proj", 2)
            .trainableTokens("embed", 1, 3)
            .r(2)
            .build();
    Rng.with(1, () -> PeftModel.of(new Net(), config)).save(folder);
    SafeTensors.write(
        outside.resolve("outside.safetensors"),
        Map.of("outside", StoredTensor.of(new float[1], 1)));
  }

  private static Net base() {
    return Rng.with(1, Net::new);
  }

  private Fuzz fuzz() {
    return new Fuzz(
        outside, UncheckedIOException.class, IllegalArgumentException.class, Peft4jException.class);
  }

  @Test
  void settings() throws Exception {
    Path file = folder.resolve("adapter_config.json");
    byte[] good = Files.readAllBytes(file);
    Mutation mutation = new Mutation(1);
    Net base = base();
    Supplier<AdaptedModel<Net>> load = () -> PeftModel.load(base, folder);
    int taken =
        fuzz()
            .run(
                ROUNDS,
                file,
                round -> mutation.text(good),
                () -> {
                  AdaptedModel<Net> model = load.get();
                  // what was taken is an adapter that computes; then the base is what it was
                  assertThat(model.namedParameters()).isNotEmpty();
                  model.adapters().unload();
                });
    assertThat(taken).isBetween(ROUNDS / 50, ROUNDS / 2);
    assertThat(base.parameters()).allMatch(Parameter::trainable);
  }

  @Test
  void weights() throws Exception {
    Path file = folder.resolve("adapter_model.safetensors");
    byte[] good = Files.readAllBytes(file);
    Mutation mutation = new Mutation(2);
    Net base = base();
    int taken =
        fuzz()
            .run(
                ROUNDS / 5, // SafeTensorsFuzzTest has many more
                file,
                round -> mutation.bytes(good),
                () -> PeftModel.load(base, folder).adapters().unload());
    assertThat(taken).isBetween(ROUNDS / 250, ROUNDS / 5 * 3 / 4);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          r                       | 2147483647
          r                       | 100000000
          rank_pattern            | {"q_proj": 100000000}
          rank_pattern            | {"((.*)*)*x": 2}
          target_modules          | "(((((.*)*)*)*)*)*x"
          target_modules          | "([ab]?[ab]?.)*([ab]?.)*([ab]?.)*([ab]?.)*!"
          target_modules          | "(a?){40}\\\\1.*.*.*.*x"
          exclude_modules         | "(((((((((.?){40}){40}){40}.*)*)*)*.*)*)*)"
          init_lora_weights       | "pissa_niter_999999"
          trainable_token_indices | {"embed": [2147483647]}
          """)
  void whatIsMadeToDoHarmIsRefused(String key, String value) throws Exception {
    Path file = folder.resolve("adapter_config.json");
    JsonMapper json = new JsonMapper();
    ObjectNode tree = (ObjectNode) json.readTree(file.toFile());
    tree.set(key, json.readTree(value));
    byte[] bytes = json.writeValueAsBytes(tree);
    Net base = base();
    int taken = fuzz().run(1, file, round -> bytes, () -> PeftModel.load(base, folder));
    assertThat(taken).isZero();
    assertThat(base.parameters()).allMatch(Parameter::trainable);
  }
}
