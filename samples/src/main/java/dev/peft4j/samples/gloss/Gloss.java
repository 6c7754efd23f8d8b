package dev.peft4j.samples.gloss;

import dev.peft4j.data.Rng;
import dev.peft4j.io.StateDictException;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.optim.NonFiniteLossException;
import dev.peft4j.samples.gloss.GlossData.Example;
import dev.peft4j.transformers.BertModel;
import dev.peft4j.transformers.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A program that fine-tunes a sentence encoder on WordNet's definitions, once with a new head alone
 * and once with LoRA, and compares them; or, with {@code -Dtext=...}, classifies a sentence with
 * the adapter that an earlier run saved. See {@link GlossOptions}.
 */
public final class Gloss {
  private static final int MAX_TOKENS = 64;
  private static final int SHOWN = 8;

  private final GlossOptions options;
  private final BertModel encoder;
  private final Tokenizer tokenizer;
  private final String encoderBefore;
  private final Map<String, float[]> losses = new LinkedHashMap<>();
  private final Map<String, Evaluation> evaluations = new LinkedHashMap<>();
  private final List<String> lines = new ArrayList<>();

  private Gloss(GlossOptions options) throws IOException {
    this.options = options;
    this.encoder = MiniLm.encoder();
    this.tokenizer = MiniLm.tokenizer(MAX_TOKENS);
    this.encoderBefore = Checksum.of(encoder);
  }

  /** Runs the program; a wrong option is one sentence and an exit code of 2. */
  public static void main(String[] args) {
    try {
      GlossOptions options = GlossOptions.read(System::getProperty);
      if (options.text() == null) {
        OutputFolder.prepare(options.out());
        new Gloss(options).trainAndCompare();
      } else {
        Path adapter = OutputFolder.requireAdapter(options.out());
        new Gloss(options).classify(options.text(), adapter);
      }
    } catch (GlossOptions.WrongOptionException e) {
      fail(2, e);
    } catch (IOException | UncheckedIOException | StateDictException | NonFiniteLossException e) {
      fail(1, e);
    }
  }

  private static void fail(int exitCode, Exception e) {
    System.err.println("gloss: " + e.getMessage());
    System.exit(exitCode);
  }

  private void trainAndCompare() throws IOException {
    GlossData data = GlossData.load();
    say(
        "WordNet 3.1: %,d definitions to learn from, %,d to test",
        data.train().size(), data.test().size());
    for (String method : options.methods()) {
      if (method.equals(GlossOptions.LORA)) {
        trainLora(data);
      } else {
        trainHead(data);
      }
    }
    requireUnchanged("the encoder", encoderBefore, encoder);
    say(
        "base weights: bit-identical after training (SHA-256 %s...)",
        encoderBefore.substring(0, 16));
    showPredictions();
    Path curve = options.out().resolve("loss.png");
    LossCurve.write(losses, Training.WINDOW, curve);
    say("loss curve: %s", curve.toAbsolutePath());
    if (options.methods().contains(GlossOptions.LORA)) {
      say("adapter: %s", OutputFolder.adapter(options.out()).toAbsolutePath());
    }
    lines.forEach(System.out::println);
  }

  private void trainHead(GlossData data) {
    GlossClassifier model = Rng.with(options.seed(), () -> new GlossClassifier(encoder));
    encoder.freeze();
    run(GlossOptions.HEAD, model, model.trainableParameters(), data);
  }

  private void trainLora(GlossData data) {
    GlossClassifierPeft model = adapted();
    String head = Checksum.of(model.head);
    say("%s", model.trainableSummary());
    run(GlossOptions.LORA, model, model.trainableParameters(), data);
    requireUnchanged("the head that the adapter replaces", head, model.head);
    model.save(OutputFolder.adapter(options.out()));
  }

  private GlossClassifierPeft adapted() {
    return Rng.with(options.seed(), () -> new GlossClassifierPeft(encoder));
  }

  private void run(
      String method, GlossClassifier model, List<Parameter> parameters, GlossData data) {
    Training.Result result =
        new Training(model, tokenizer, options).run(method, parameters, data.train());
    Evaluation test = Evaluation.of(model, tokenizer, data.test());
    losses.put(method, result.losses());
    evaluations.put(method, test);
    say(
        "%s: test accuracy %.4f after %,d steps in %.1f s",
        method.equals(GlossOptions.LORA) ? "LoRA" : "frozen encoder with a trained head",
        test.accuracy(),
        options.steps(),
        result.seconds());
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("method", method);
    line.put("train", data.train().size());
    line.put("test", data.test().size());
    line.put("steps", options.steps());
    line.put("first_loss", JsonLine.round(result.losses()[0], 3));
    line.put("last_loss", JsonLine.round(result.lastLoss(), 3));
    line.put("accuracy", JsonLine.round(test.accuracy(), 4));
    line.put("train_seconds", JsonLine.round(result.seconds(), 1));
    line.put(
        "examples_per_second",
        JsonLine.round((double) options.steps() * options.batch() / result.seconds(), 1));
    lines.add(JsonLine.of(line));
  }

  private static void requireUnchanged(String what, String before, Module module) {
    String after = Checksum.of(module);
    if (!after.equals(before)) {
      throw new IllegalStateException(
          "training changed the frozen weights of "
              + what
              + ": SHA-256 was "
              + before
              + " and is "
              + after);
    }
  }

  /** Prints a table of definitions with WordNet's topic and each method's. */
  private void showPredictions() {
    StringBuilder head = new StringBuilder(column("WordNet"));
    evaluations.keySet().forEach(method -> head.append(column(method)));
    say("%sdefinition", head);
    List<Example> test = evaluations.values().iterator().next().examples();
    int every = Math.max(1, test.size() / SHOWN);
    for (int i = every / 2; i < test.size(); i += every) {
      Example example = test.get(i);
      StringBuilder row = new StringBuilder(column(Topics.name(example.label())));
      for (Evaluation e : evaluations.values()) {
        row.append(column(Topics.name(e.predicted()[i])));
      }
      say("%s%s", row, example.text());
    }
  }

  private static String column(String text) {
    return String.format(Locale.ROOT, "%-20s", text);
  }

  private void classify(String text, Path adapter) {
    GlossClassifierPeft model = adapted();
    model.load(adapter);
    model.eval();
    float[] p = model.forward(tokenizer.encode(List.of(text))).softmax(-1).toFloats();
    say("%s", text);
    Topics.byProbability(p)
        .limit(3)
        .forEach(i -> say("  %-20s %5.1f %%", Topics.name(i), 100 * p[i]));
  }

  private static void say(String format, @Nullable Object... values) {
    System.out.printf(Locale.ROOT, format + "%n", values);
  }
}
