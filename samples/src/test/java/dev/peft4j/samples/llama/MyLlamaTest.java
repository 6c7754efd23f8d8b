package dev.peft4j.samples.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.Generator;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.TokenRow;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A subclass of a library's decoder with an annotation: it loads, generates, trains, is saved. */
class MyLlamaTest {
  private static final Path FOLDER = folder();
  private static final String PROMPT = "Once upon a time";

  @TempDir Path temp;

  private static Path folder() {
    try {
      return Path.of(MyLlamaTest.class.getResource("/stories260k/config.json").toURI()).getParent();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static MyLlamaPeft load() throws IOException {
    MyLlamaPeft model = Rng.with(1, () -> loaded());
    model.eval();
    return model;
  }

  private static MyLlamaPeft loaded() {
    try {
      return MyLlama.of(FOLDER);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static String continued(CausalLm model, Tokenizer tokenizer) {
    return Generator.of(model, tokenizer)
        .with(GenerationConfig.builder().maxNewTokens(20).build())
        .generate(PROMPT);
  }

  private static CausalBatch batch(Tokenizer tokenizer) {
    long[] ids =
        tokenizer.encode(List.of("Lily saw a red ball. She was sad.")).inputIds().toLongs();
    int[] row = Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
    return CausalBatch.of(List.of(TokenRow.of(row)), 0, 1);
  }

  private static double loss(MyLlamaPeft model, Tokenizer tokenizer) {
    return model.loss(batch(tokenizer)).toFloats()[0];
  }

  @Test
  void generatesWhatTheFolderGeneratesUntilItIsTrained() throws IOException {
    MyLlamaPeft model = load();
    CausalLm plain = Transformers.causalLm(FOLDER);
    try (Tokenizer tokenizer = Tokenizer.load(FOLDER, 64)) {
      String text = continued(model, tokenizer);
      assertThat(text).isNotBlank().isEqualTo(continued(plain, tokenizer));
      double before = loss(model, tokenizer);
      model.train();
      AdamW optimizer = AdamW.builder().lr(0.02f).weightDecay(0).build(model.trainableParameters());
      for (int i = 0; i < 20; i++) {
        model.loss(batch(tokenizer)).backward();
        optimizer.step();
      }
      model.eval();
      assertThat(loss(model, tokenizer)).isLessThan(before / 2);
      String after = continued(model, tokenizer);
      assertThat(after).isNotEqualTo(text);
      model.save(temp);
      MyLlamaPeft second = load();
      second.load(temp);
      assertThat(continued(second, tokenizer)).isEqualTo(after);
    }
  }

  @Test
  void trainsWhatTheSameSettingsTrain() throws IOException {
    MyLlamaPeft generated = load();
    CausalLm plain = Transformers.causalLm(FOLDER);
    PeftModel other =
        Rng.with(
            1,
            () ->
                PeftModel.of(
                    plain,
                    LoraConfig.builder()
                        .targets("q_proj", "v_proj")
                        .r(8)
                        .alpha(16)
                        .taskType("CAUSAL_LM")
                        .build()));
    assertThat(generated.trainableParameters())
        .hasSameSizeAs(other.trainableParameters())
        .hasSize(4 * generated.config().layers());
    generated.save(temp.resolve("a"));
    other.save(temp.resolve("b"));
    assertThat(AdapterFolder.read(temp.resolve("a")).tensors().keySet())
        .isEqualTo(AdapterFolder.read(temp.resolve("b")).tensors().keySet())
        .contains("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight");
  }

  @Test
  void otherTunersWorkAlike() throws IOException {
    try (Tokenizer tokenizer = Tokenizer.load(FOLDER, 64)) {
      for (CausalLm model :
          List.of(
              Transformers.load(FOLDER, new NormLlamaPeft(Transformers.decoderConfig(FOLDER))),
              Transformers.load(FOLDER, new LoHaLlamaPeft(Transformers.decoderConfig(FOLDER))),
              Transformers.load(FOLDER, new Ia3LlamaPeft(Transformers.decoderConfig(FOLDER))))) {
        String text = continued(model, tokenizer);
        assertThat(text).isEqualTo(continued(Transformers.causalLm(FOLDER), tokenizer));
        PeftModel peft = (PeftModel) model;
        Tensor before = model.loss(batch(tokenizer));
        float first = before.toFloats()[0];
        AdamW optimizer = AdamW.builder().lr(0.05f).build(peft.trainableParameters());
        model.train();
        for (int i = 0; i < 10; i++) {
          model.loss(batch(tokenizer)).backward();
          optimizer.step();
        }
        model.eval();
        assertThat(model.loss(batch(tokenizer)).toFloats()[0]).isLessThan(first);
      }
    }
  }

  @Test
  void virtualTokensStandInFrontOfTheTextsOfAnAnnotatedModel() throws IOException {
    PromptLlamaPeft model =
        Transformers.load(FOLDER, new PromptLlamaPeft(Transformers.decoderConfig(FOLDER)));
    assertThat(model.virtualTokens()).isEqualTo(6);
    Tensor table = model.embedding().weight().ownTensor();
    Tensor start = model.trainableParameters().getFirst().ownTensor();
    assertThat(start.shape()).isEqualTo(Shape.of(6, model.config().hiddenSize()));
    Set<String> words = rows(table);
    assertThat(words).as("the folder's words, not those of before").containsAll(rows(start));
    try (Tokenizer tokenizer = Tokenizer.load(FOLDER, 64)) {
      float first = model.loss(batch(tokenizer)).item();
      AdamW optimizer = AdamW.builder().lr(0.05f).build(model.trainableParameters());
      model.train();
      for (int i = 0; i < 10; i++) {
        model.loss(batch(tokenizer)).backward();
        optimizer.step();
      }
      model.eval();
      assertThat(model.loss(batch(tokenizer)).item()).isLessThan(first);
      String text = continued(model, tokenizer);
      model.save(temp);
      CausalLm plain = Transformers.causalLm(FOLDER);
      float trained = model.loss(batch(tokenizer)).item();
      assertThat(trained).isNotEqualTo(plain.loss(batch(tokenizer)).item());
      PeftModel.load(plain, temp);
      assertThat(continued(plain, tokenizer)).isEqualTo(text);
    }
  }

  private static Set<String> rows(Tensor table) {
    float[] all = table.toFloats();
    int width = table.dim(1);
    Set<String> rows = new HashSet<>();
    for (int at = 0; at < all.length; at += width) {
      rows.add(Arrays.toString(Arrays.copyOfRange(all, at, at + width)));
    }
    return rows;
  }

  @Test
  void anAdapterThatBeginsWithAPartOfTheWeightsBeginsWithThoseOfTheFolder() throws IOException {
    PissaLlamaPeft model =
        Transformers.load(FOLDER, new PissaLlamaPeft(Transformers.decoderConfig(FOLDER)));
    CausalLm plain = Transformers.causalLm(FOLDER);
    Tensor ids = Tensor.of(new long[] {1, 5, 7, 9}, 1, 4);
    float[] expected = plain.forward(ids).toFloats();
    float[] found = model.forward(ids).toFloats();
    for (int i = 0; i < found.length; i++) {
      assertThat(found[i]).isCloseTo(expected[i], within(1e-4f));
    }
    float[] base = model.withoutAdapter(() -> model.forward(ids).toFloats());
    assertThat(base).isNotEqualTo(found); // what the adapter has is not in the weight any more
  }
}
