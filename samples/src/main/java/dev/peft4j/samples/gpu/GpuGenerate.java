package dev.peft4j.samples.gpu;

import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.GenerationListener;
import dev.peft4j.generate.GenerationRequest;
import dev.peft4j.generate.Generator;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.Transformers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Greedy texts of the small decoder on the default device. */
final class GpuGenerate {
  private static final int TOKENS = 60;

  /** The beginning of a story, as ids of its vocabulary. */
  private static final int[] ONCE = {1, 403, 407, 261, 378};

  private GpuGenerate() {}

  /** Returns the ids that follow, separated by blanks. */
  static String text(CausalLm model) {
    GenerationConfig config = GenerationConfig.builder().maxNewTokens(TOKENS).build();
    int[] ids =
        Generator.of(model)
            .run(List.of(new GenerationRequest(ONCE, config, null)), GenerationListener.NONE)
            .rows()
            .getFirst()
            .tokens();
    return String.join(" ", Arrays.stream(ids).mapToObj(Integer::toString).toList());
  }

  /**
   * Generates twice, prints how fast the second time was, and ends with status 1 if the text is not
   * {@code args[1]}; {@code args[0]} is the model's folder.
   */
  public static void main(String[] args) throws IOException {
    CausalLm model = Transformers.causalLm(Path.of(args[0]));
    String text = text(model);
    long start = System.nanoTime();
    String again = text(model);
    double seconds = (System.nanoTime() - start) * 1e-9;
    System.out.printf(
        Locale.ROOT,
        "{\"tokens\":%d,\"tokens_per_s\":%.1f}%n",
        again.split(" ").length,
        again.split(" ").length / seconds);
    if (!text.equals(args[1]) || !again.equals(args[1])) {
      System.out.println("expected " + args[1] + "\nfound    " + text + "\nagain    " + again);
      System.exit(1);
    }
  }
}
