package dev.peft4j.samples.bench;

import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.GenerationListener;
import dev.peft4j.generate.GenerationRequest;
import dev.peft4j.generate.GenerationSession;
import dev.peft4j.generate.Generator;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.tuner.AdapterSet;
import dev.peft4j.tuner.PeftModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Workloads of serving a decoder of SmolLM2's shape: what is done at once or goes on from a cache,
 * and under a name with {@code -alone} or {@code -anew} the same without.
 */
final class Conversations {
  private static final int ROWS = 8;
  private static final int NEW_TOKENS = 32;
  private static final int BEAMS = 4;
  private static final int HISTORY = 1000;
  private static final int QUESTION = 24;

  private Conversations() {}

  static Workload of(String name, int length) {
    return switch (name) {
      case "batch8" -> rows(length == 0 ? 32 : length, true);
      case "batch8-alone" -> rows(length == 0 ? 32 : length, false);
      case "turn2" -> turn(length == 0 ? HISTORY : length, true);
      case "turn2-anew" -> turn(length == 0 ? HISTORY : length, false);
      default -> beams(length == 0 ? 64 : length);
    };
  }

  private static GenerationConfig greedy(int tokens) {
    return GenerationConfig.builder().maxNewTokens(tokens).minNewTokens(tokens).build();
  }

  /** Eight prompts, each with an adapter of its own. */
  private static Workload rows(int prompt, boolean together) {
    CausalLm base = SmolLm2.model(SmolLm2.layers(), prompt + NEW_TOKENS);
    AdapterSet adapters = AdapterSet.freezing(base);
    List<GenerationRequest> all = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      adapters.addMatching("a" + i, SmolLm2.lora());
      all.add(new GenerationRequest(SmolLm2.ids(prompt), greedy(NEW_TOKENS), "a" + i));
    }
    base.eval();
    Generator generator = Generator.of(base).with(adapters);
    Runnable work =
        together
            ? () -> generator.run(all, GenerationListener.NONE)
            : () -> all.forEach(r -> generator.run(List.of(r), GenerationListener.NONE));
    return workload(ROWS * NEW_TOKENS, base, work);
  }

  /** The first token of an answer to a question behind a conversation. */
  private static Workload turn(int history, boolean goesOn) {
    CausalLm base = SmolLm2.model(SmolLm2.layers(), history + QUESTION + 8);
    PeftModel.of(base, SmolLm2.lora());
    base.eval();
    Generator generator = Generator.of(base).with(greedy(1));
    GenerationSession session = new GenerationSession(generator);
    int[] past = SmolLm2.ids(history);
    Runnable work =
        () -> {
          int[] prompt = Arrays.copyOf(past, history + QUESTION);
          System.arraycopy(SmolLm2.ids(QUESTION), 0, prompt, history, QUESTION);
          if (!goesOn) {
            session.clear();
          }
          session.generate(
              new GenerationRequest(prompt, generator.config(), null), GenerationListener.NONE);
        };
    return workload(1, base, work);
  }

  private static Workload beams(int prompt) {
    CausalLm base = SmolLm2.model(SmolLm2.layers(), prompt + SmolLm2.NEW_TOKENS);
    PeftModel.of(base, SmolLm2.lora());
    base.eval();
    int n = SmolLm2.NEW_TOKENS;
    GenerationConfig config =
        GenerationConfig.builder().maxNewTokens(n).minNewTokens(n).numBeams(BEAMS).build();
    Generator generator = Generator.of(base).with(config);
    int[] ids = SmolLm2.ids(prompt);
    return workload(n, base, () -> generator.generate(ids));
  }

  private static Workload workload(int units, CausalLm base, Runnable work) {
    return new Workload(units, 4, base, List.of(), () -> Tensor.scalar(0), work);
  }
}
