package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An adapter of a language model that was trained here gives the same logits in peft, and one that
 * peft trained the same here. Needs a Python with peft and transformers: the one that the
 * environment variable PEFT4J_PYTHON names, else {@code python3} on the path; skipped without.
 */
class CausalInteropTest {
  private static final int NO_PEFT = 42;

  /** A tied head, one that is not, Conv1D's turned weights, and fused projections. */
  private static final List<String> MODELS =
      List.of("llama", "llama-linear", "qwen2", "qwen2-tied", "gpt2", "phi3", "gemma2");

  private @TempDir Path folder;

  @Test
  void bothWays() throws Exception {
    for (String name : MODELS) {
      trainHere(name, folder.resolve(name));
    }
    runPython();
    for (String name : MODELS) {
      Path at = folder.resolve(name);
      Tensor ids = tensor(at, "io", "input_ids");
      Tensor mask = tensor(at, "io", "mask");
      compare(name, tensor(at, "io", "logits"), tensor(at, "theirs", "logits"), mask);
      CausalLm model = Transformers.causalLm(at.resolve("model"), Encodings.FLOAT32);
      float[] without = model.forward(ids, mask).toFloats();
      AdaptedModel<CausalLm> adapted = PeftModel.load(model, at.resolve("back"));
      adapted.eval();
      Tensor theirs = tensor(at, "back", "logits");
      compare(name + " back", model.forward(ids, mask), theirs, mask);
      assertThat(model.forward(ids, mask).toFloats()).isNotEqualTo(without);
      adapted.mergeAndUnload();
      compare(name + " back, merged", model.forward(ids, mask), theirs, mask);
    }
  }

  private static Tensor tensor(Path at, String file, String name) throws IOException {
    SafeTensors all = SafeTensors.open(at.resolve(file + ".safetensors"));
    return Tensor.of(all.storage(name), all.info(name).shape());
  }

  /** Four steps, as the script makes them. */
  private static void trainHere(String name, Path to) throws IOException {
    TinyDecoder tiny = TinyDecoder.of(name.replace("-tied", ""));
    var config = tiny.config();
    var weights = tiny.weights();
    if (name.endsWith("-tied")) {
      config.put("tie_word_embeddings", true);
      weights.remove("lm_head.weight");
    }
    Path folder = TinyDecoder.folder(to.resolve("model"), config, weights);
    CausalLm model = Transformers.causalLm(folder, Encodings.FLOAT32);
    LoraConfig lora = LoraConfig.builder().allLinear().r(4).alpha(8).taskType("CAUSAL_LM").build();
    AdaptedModel<CausalLm> adapted = Rng.with(3, () -> PeftModel.of(model, lora));
    AdamW optimizer = AdamW.builder().lr(1e-2f).build(adapted.trainableParameters());
    adapted.train();
    CausalBatch batch = CausalBatch.of(rows(tiny));
    for (int step = 0; step < 4; step++) {
      model.loss(batch).backward();
      optimizer.step();
    }
    adapted.eval();
    Tensor logits = model.forward(tiny.ids(), tiny.mask());
    SafeTensors.write(
        to.resolve("io.safetensors"),
        Map.of(
            "input_ids",
            new StoredTensor(tiny.ids().shape(), tiny.ids().storage()),
            "mask",
            new StoredTensor(tiny.mask().shape(), tiny.mask().storage()),
            "logits",
            new StoredTensor(logits.shape(), logits.storage())));
    adapted.save(to.resolve("adapter"));
  }

  private static List<TokenRow> rows(TinyDecoder tiny) {
    int width = tiny.ids().dim(1);
    int[] ids = tiny.ids().toInts();
    int[] mask = tiny.mask().toInts();
    return IntStream.range(0, tiny.ids().dim(0))
        .mapToObj(
            row ->
                TokenRow.of(
                    IntStream.range(row * width, (row + 1) * width)
                        .filter(i -> mask[i] == 1)
                        .map(i -> ids[i])
                        .toArray()))
        .toList();
  }

  /** Where the mask is 1: what a model gives for padding means nothing. */
  private static void compare(String what, Tensor found, Tensor expected, Tensor mask) {
    float[] a = found.toFloats();
    float[] b = expected.toFloats();
    int[] counts = mask.toInts();
    assertThat(a).as(what).hasSameSizeAs(b);
    float largest = 0;
    float difference = 0;
    for (int i = 0; i < a.length; i++) {
      if (counts[i / (a.length / counts.length)] == 1) {
        largest = Math.max(largest, Math.abs(b[i]));
        difference = Math.max(difference, Math.abs(a[i] - b[i]));
      }
    }
    assertThat(difference).as(what).isLessThan(1e-5f * largest);
  }

  private void runPython() throws Exception {
    String python = Objects.requireNonNullElse(System.getenv("PEFT4J_PYTHON"), "python3");
    Path script = folder.resolve("causal_interop.py");
    try (InputStream in =
        Objects.requireNonNull(CausalInteropTest.class.getResourceAsStream("causal_interop.py"))) {
      Files.copy(in, script);
    }
    Path log = folder.resolve("log");
    Process process;
    try {
      process =
          new ProcessBuilder(List.of(python, script.toString(), folder.toString()))
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException e) {
      Assumptions.abort("there is no Python: " + e.getMessage());
      return;
    }
    assertThat(process.waitFor(300, TimeUnit.SECONDS)).isTrue();
    String said = Files.readString(log);
    Assumptions.assumeFalse(process.exitValue() == NO_PEFT, python + ": " + said);
    assertThat(process.exitValue()).as(said).isZero();
  }
}
