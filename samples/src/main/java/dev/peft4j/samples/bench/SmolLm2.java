package dev.peft4j.samples.bench;

import dev.peft4j.data.Rng;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.Generator;
import dev.peft4j.graph.ActivationCheckpointing;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.DecoderInput;
import dev.peft4j.transformers.LlamaForCausalLM;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Workloads of a decoder of the shape of SmolLM2-135M, with random weights. */
final class SmolLm2 {
  /** Tokens of the model. */
  static final int VOCABULARY = 49152;

  private static final int IDS = 49000;

  /** Tokens that are generated. */
  static final int NEW_TOKENS = 64;

  private SmolLm2() {}

  /**
   * Training: LoRA r 8 on all linear layers, next-token loss.
   *
   * <p>The property {@code checkpointing} is {@code off}, {@code auto} (the default) or {@code on}.
   */
  static Workload training(int batch, int length, int layers) {
    CausalLm base = model(layers, length);
    String given = System.getProperty("checkpointing", "auto");
    base.activationCheckpointing(ActivationCheckpointing.valueOf(given.toUpperCase(Locale.ROOT)));
    PeftModel model = PeftModel.of(base, lora());
    Tensor ids = Tensor.of(ids(batch * length), batch, length);
    CausalBatch texts = new CausalBatch(DecoderInput.of(ids), ids);
    return new Workload(
        batch * length, 6, base, model.trainableParameters(), () -> base.loss(texts), null);
  }

  /**
   * Generating greedily.
   *
   * @param prompt tokens of the prompt
   * @param tokens new tokens of each row; counted, unless there is one
   * @param adapted whether LoRA is active, not merged
   */
  static Workload generation(int batch, int prompt, int tokens, boolean adapted, int layers) {
    CausalLm base = model(layers, prompt + tokens);
    if (adapted) {
      PeftModel.of(base, lora());
    }
    base.eval();
    GenerationConfig greedy =
        GenerationConfig.builder().maxNewTokens(tokens).minNewTokens(tokens).build();
    Generator generator = Generator.of(base).with(greedy);
    int[][] prompts = new int[batch][];
    for (int b = 0; b < batch; b++) {
      prompts[b] = ids(prompt);
    }
    int counted = batch * (tokens == 1 ? prompt : tokens);
    return new Workload(
        counted, 4, base, List.of(), () -> Tensor.scalar(0), () -> generator.generate(prompts));
  }

  /** How many layers the model has: the property {@code layers}, or 30. */
  static int layers() {
    return Integer.getInteger("layers", 30);
  }

  /** The workloads of {@link Workload#NAMES} that are a decoder's. */
  static Workload of(String name, int batch, int length) {
    int layers = layers();
    return switch (name) {
      case "smollm2" -> training(batch == 0 ? 4 : batch, length == 0 ? 256 : length, layers);
      case "generate" ->
          generation(Math.max(1, batch), length == 0 ? 64 : length, NEW_TOKENS, true, layers);
      case "decode" -> generation(Math.max(1, batch), 1, NEW_TOKENS, false, layers);
      default -> generation(Math.max(1, batch), length == 0 ? 512 : length, 1, false, layers);
    };
  }

  static CausalLm model(int layers, int positions) {
    String file = System.getProperty(Bench.GGUF);
    if (file != null) {
      try {
        return Transformers.causalLm(Path.of(file));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return random(layers, positions);
  }

  /** Returns a model with random weights. */
  static CausalLm random(int layers, int positions) {
    return new LlamaForCausalLM(
        DecoderConfig.builder()
            .vocabSize(VOCABULARY)
            .hiddenSize(576)
            .layers(layers)
            .heads(9)
            .kvHeads(3)
            .intermediateSize(1536)
            .maxPositions(Math.max(2048, positions))
            .tied(true)
            .build());
  }

  /** Returns the settings of the adapter. */
  static LoraConfig lora() {
    return LoraConfig.builder().r(8).alpha(16).targets("all-linear").taskType("CAUSAL_LM").build();
  }

  static int[] ids(int n) {
    Rng rng = Rng.current();
    int[] v = new int[n];
    for (int i = 0; i < n; i++) {
      v[i] = (int) (rng.nextDouble() * IDS);
    }
    return v;
  }
}
