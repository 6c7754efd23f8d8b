package dev.peft4j.samples.story;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.Peft4jException;
import dev.peft4j.data.Rng;
import dev.peft4j.hub.ModelFolders;
import dev.peft4j.optim.AdamW;
import dev.peft4j.reports.LossCurve;
import dev.peft4j.reports.ProgressListener;
import dev.peft4j.train.Batches;
import dev.peft4j.train.CsvLog;
import dev.peft4j.train.Evaluator;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.Quantize;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A program that teaches a pretrained decoder to define words: LoRA on WordNet's nouns. It prints
 * the perplexity on texts that it has not seen and some definitions, before and after, and a line
 * of JSON. See {@link StoryOptions}.
 */
public final class Story {
  private static final List<String> WORDS = List.of("dog", "happiness", "violin");
  private static final int TEST_BATCH = 50;
  private static final int LAST = 20;

  private final StoryOptions options;
  private final CausalLm model;
  private final StoryTexts texts;
  private final Definitions definitions;
  private final List<Double> losses = new ArrayList<>();
  private final PrintStream out;
  private long tokens;

  Story(StoryOptions options, PrintStream out) throws IOException {
    this.options = options;
    this.out = out;
    Path folder = ModelFolders.resolve(options.model());
    Quantize quantize = options.quantize();
    this.model =
        quantize == null
            ? Transformers.causalLm(folder, options.dtype())
            : Transformers.causalLm(folder, quantize);
    Tokenizer tokenizer = Tokenizer.load(folder, StoryTexts.MAX_TOKENS);
    this.texts = new StoryTexts(tokenizer, model.config().tokens());
    this.definitions = new Definitions(model, texts);
  }

  /** Runs the program; a wrong option is one sentence and an exit code of 2. */
  public static void main(String[] args) {
    try {
      StoryOptions options = StoryOptions.read(System::getProperty);
      new Story(options, System.out).run();
    } catch (StoryOptions.WrongOptionException e) {
      fail(2, e);
    } catch (IOException | UncheckedIOException | Peft4jException e) {
      fail(1, e);
    }
  }

  private static void fail(int exitCode, Exception e) {
    System.err.println("story: " + e.getMessage());
    System.exit(exitCode);
  }

  /** Does it all, and returns the figures that the last line has. */
  ObjectNode run() throws IOException {
    Files.createDirectories(options.out()); // before the training, not after it
    StoryData data = StoryData.load();
    List<String> test = data.test().subList(0, options.heldOut());
    say(
        "WordNet 3.1: %,d definitions to learn from, %,d to test",
        data.train().size(), test.size());
    Map<String, Double> before = evaluate(test);
    say("perplexity before: %.3f", before.get("perplexity"));
    List<String> first = WORDS.stream().map(definitions::define).toList();
    LoraConfig config =
        LoraConfig.builder().allLinear().r(options.rank()).alpha(2.0 * options.rank()).build();
    AdaptedModel<CausalLm> adapted = Rng.with(options.seed(), () -> PeftModel.of(model, config));
    say("%s", adapted.trainableSummary());
    double seconds = train(adapted, data.train());
    model.eval();
    Map<String, Double> after = evaluate(test);
    say("perplexity after %,d steps: %.3f", options.steps(), after.get("perplexity"));
    for (int i = 0; i < WORDS.size(); i++) {
      say("before: %s", first.get(i));
      say("after:  %s", definitions.define(WORDS.get(i)));
    }
    Path adapter = options.out().resolve("adapter");
    adapted.save(adapter);
    say("adapter: %s", adapter.toAbsolutePath());
    say("loss curve: %s", options.out().resolve("loss.png").toAbsolutePath());
    ObjectNode line = report(data, test.size(), before, after, seconds);
    out.println(line);
    return line;
  }

  private Map<String, Double> evaluate(List<String> test) {
    Batches<CausalBatch> batches = Batches.inOrder(test, TEST_BATCH, texts::batch);
    return Evaluator.perplexity(batches, model::loss).evaluate();
  }

  /** Trains and returns the seconds that it took. */
  private double train(AdaptedModel<CausalLm> adapted, List<String> train) {
    AdamW optimizer =
        AdamW.builder().lr(options.lr()).weightDecay(0).build(adapted.trainableParameters());
    Batches<CausalBatch> batches =
        Batches.shuffled(
            train,
            options.batch(),
            options.seed(),
            some -> {
              tokens += texts.tokens(some);
              return texts.batch(some);
            });
    long start = System.nanoTime();
    Trainer.of(adapted, optimizer, batches, model::loss)
        .settings(TrainingSettings.steps(options.steps()))
        .listener(new CsvLog(options.out()))
        .listener(new ProgressListener("story").showRate("tokens"))
        .listener(new LossCurve(options.out(), options.out().resolve("loss.png")))
        .listener(
            event -> {
              if (event instanceof TrainingEvent.Step s) {
                losses.add(s.loss());
              }
            })
        .run();
    return (System.nanoTime() - start) / 1e9;
  }

  private ObjectNode report(
      StoryData data,
      int test,
      Map<String, Double> before,
      Map<String, Double> after,
      double seconds) {
    ObjectNode line = new ObjectMapper().createObjectNode();
    line.put("train", data.train().size());
    line.put("test", test);
    line.put("steps", options.steps());
    line.put("first_loss", rounded(losses.getFirst(), 3));
    List<Double> last = losses.subList(Math.max(0, losses.size() - LAST), losses.size());
    line.put("last_loss", rounded(last.stream().mapToDouble(x -> x).average().orElseThrow(), 3));
    line.put("perplexity_before", rounded(before.getOrDefault("perplexity", Double.NaN), 3));
    line.put("perplexity_after", rounded(after.getOrDefault("perplexity", Double.NaN), 3));
    line.put("train_seconds", rounded(seconds, 1));
    line.put("tokens_per_second", rounded(tokens / seconds, 1));
    return line;
  }

  private static double rounded(double value, int digits) {
    double unit = Math.pow(10, digits);
    return Math.rint(value * unit) / unit;
  }

  private void say(String format, @Nullable Object... values) {
    out.printf(Locale.ROOT, format + "%n", values);
  }
}
