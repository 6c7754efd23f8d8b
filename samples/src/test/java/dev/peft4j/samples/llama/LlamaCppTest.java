package dev.peft4j.samples.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import de.kherud.llama.InferenceParameters;
import de.kherud.llama.LlamaModel;
import de.kherud.llama.ModelParameters;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.GgufModelFile;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What llama.cpp makes of files that are written here: the tokens that are the most likely ones,
 * where the next one is far enough behind (its attention rounds to half precision).
 */
class LlamaCppTest {
  private static final String PROMPT = "Once upon a time, there was";
  private static final int TOKENS = 24;
  private static final float MARGIN = 0.02f;

  private static @TempDir Path folder;
  private static Path file = Path.of("");
  private CausalLm model;
  private Tokenizer tokenizer;

  private static Path stories() {
    try {
      return Path.of(
          Objects.requireNonNull(LlamaCppTest.class.getResource("/stories260k")).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  @BeforeAll
  static void write() throws IOException {
    file = folder.resolve("stories.gguf");
    GgufModelFile.write(stories(), Encodings.FLOAT32, file);
  }

  @BeforeEach
  void load() throws IOException {
    model = Transformers.causalLm(file);
    tokenizer = Tokenizer.load(file, 256);
  }

  /** The most likely tokens as text, as far as there is a margin. */
  private String ours() {
    List<Long> ids = new ArrayList<>();
    for (int id : tokenizer.tokenize(PROMPT, true).ids()) {
      ids.add((long) id);
    }
    int given = ids.size();
    for (int k = 0; k < TOKENS; k++) {
      long[] all = ids.stream().mapToLong(Long::longValue).toArray();
      float[] logits = model.forward(Tensor.of(all, 1, all.length)).toFloats();
      int words = model.config().vocabSize();
      int best = 0;
      float first = Float.NEGATIVE_INFINITY;
      float second = Float.NEGATIVE_INFINITY;
      for (int i = 0; i < words; i++) {
        float l = logits[(all.length - 1) * words + i];
        if (l > first) {
          second = first;
          first = l;
          best = i;
        } else {
          second = Math.max(second, l);
        }
      }
      if (first - second < MARGIN) {
        break;
      }
      ids.add((long) best);
    }
    assertThat(ids.size() - given).as("tokens with a margin").isGreaterThan(8);
    String text = tokenizer.decode(ids.stream().mapToLong(Long::longValue).toArray());
    assertThat(text).startsWith(PROMPT);
    return text.substring(PROMPT.length());
  }

  private static String theirs(Path gguf, @Nullable Path adapter) {
    ModelParameters parameters =
        new ModelParameters().setModel(gguf.toString()).setCtxSize(256).setThreads(1).skipWarmup();
    if (adapter != null) {
      parameters.addLoraAdapter(adapter.toString());
    }
    try (LlamaModel llama = new LlamaModel(parameters)) {
      return llama.complete(new InferenceParameters(PROMPT).setTemperature(0).setNPredict(TOKENS));
    } catch (UnsatisfiedLinkError | NoClassDefFoundError | ExceptionInInitializerError e) {
      return abort("llama.cpp has no library for this machine: " + e);
    }
  }

  @Test
  void aModelWritesTheSame() {
    assertThat(theirs(file, null)).startsWith(ours());
  }

  @Test
  void anAdapterDoesTheSame() {
    String plain = ours();
    AdaptedModel<CausalLm> adapted = adapted();
    Path adapter = folder.resolve("adapter.gguf");
    adapted.exportGguf(adapter);
    String ours = ours();
    assertThat(plain).doesNotStartWith(ours);
    assertThat(theirs(file, adapter)).startsWith(ours);
  }

  @Test
  void aMergedModelWritesTheSame() throws IOException {
    AdaptedModel<CausalLm> adapted = adapted();
    String ours = ours();
    Path merged = folder.resolve("merged");
    java.nio.file.Files.createDirectories(merged);
    for (String name : List.of("config.json", "tokenizer.json", "tokenizer_config.json")) {
      java.nio.file.Files.copy(stories().resolve(name), merged.resolve(name));
    }
    adapted.saveMerged(merged);
    Path gguf = folder.resolve("merged.gguf");
    GgufModelFile.write(merged, Encodings.FLOAT32, gguf);
    assertThat(theirs(gguf, null)).startsWith(ours);
  }

  /** One that changes the story: of rsLoRA, with a rank and a scale of its own in some layers. */
  private AdaptedModel<CausalLm> adapted() {
    LoraConfig config =
        LoraConfig.builder()
            .r(4)
            .alpha(8)
            .rslora(true)
            .allLinear()
            .rankPattern("q_proj", 2)
            .alphaPattern("down_proj", 5)
            .build();
    AdaptedModel<CausalLm> adapted = Rng.with(7, () -> PeftModel.of(model, config));
    adapted
        .trainableParameters()
        .forEach(p -> p.set(new Rng(p.shape().size()).normal(p.shape().size(), 0, 0.05f)));
    return adapted;
  }
}
