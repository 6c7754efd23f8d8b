package dev.peft4j.samples.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.chat.RenderOptions;
import dev.peft4j.transformers.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Conversations rendered by a model's chat template and tokenized. Run with {@code
 * -Dworkload=rendering -Dmodel=FOLDER -Dtext=FILE}: a folder with tokenizer and chat template, and
 * conversations, JSON line by line. With {@code -Dpeer=} (such as {@code "python3
 * samples/src/main/python/rendering.py FOLDER FILE"}) both take turns, a process each. A step is
 * one pass over all; the first one is not counted.
 */
final class RenderingBench {
  private static final int PASSES = 3;

  private RenderingBench() {}

  static void run() throws IOException {
    Path folder = path("model");
    JsonNode[] conversations = conversations(path("text"));
    try (Tokenizer tokenizer = Tokenizer.load(folder, Integer.MAX_VALUE)) {
      ChatTemplate template =
          ChatTemplate.fromFolder(folder).withSpecialTokens(tokenizer.specialTokens());
      double first = 0;
      double[] seconds = new double[PASSES];
      double[] processor = new double[PASSES];
      long tokens = 0;
      for (int pass = -1; pass < PASSES; pass++) {
        long start = System.nanoTime();
        double before = Bench.processorSeconds();
        tokens =
            IntStream.range(0, conversations.length)
                .parallel()
                .mapToLong(i -> tokens(conversations[i], template, tokenizer))
                .sum();
        double took = (System.nanoTime() - start) / 1e9;
        if (pass < 0) {
          first = took;
        } else {
          seconds[pass] = took;
          processor[pass] = Bench.processorSeconds() - before;
        }
      }
      double pass = Bench.median(seconds);
      System.out.printf(
          Locale.ROOT,
          "{\"peer\": \"peft4j, Java %d\", \"workload\": \"rendering\", \"conversations\": %d,"
              + " \"tokens\": %d, \"step_ms\": %.1f, \"step_cpu_ms\": %.1f, \"first_step_ms\":"
              + " %.1f, \"per_second\": %.1f, \"start_to_first_step_s\": %.2f, \"peak_rss_mib\":"
              + " %d}%n",
          Runtime.version().feature(),
          conversations.length,
          tokens,
          1e3 * pass,
          1e3 * Bench.median(processor),
          1e3 * first,
          conversations.length / pass,
          Bench.secondsSinceStart(),
          Bench.residentMemory("VmHWM") >> 20);
    }
  }

  private static int tokens(JsonNode messages, ChatTemplate template, Tokenizer tokenizer) {
    String text = template.render(messages, RenderOptions.NONE).text();
    return tokenizer.ids(text, false).length;
  }

  private static JsonNode[] conversations(Path file) throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<JsonNode> all = new ArrayList<>();
    try (Stream<String> lines = Files.lines(file, StandardCharsets.UTF_8)) {
      for (String line : lines.toList()) {
        all.add(json.readTree(line).path("messages"));
      }
    }
    return all.toArray(new JsonNode[0]);
  }

  private static Path path(String property) {
    String given = System.getProperty(property);
    if (given == null || !Files.exists(Path.of(given))) {
      throw new IllegalArgumentException(
          "-D" + property + "= takes a path that exists, found " + given);
    }
    return Path.of(given);
  }
}
