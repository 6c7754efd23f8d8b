package dev.peft4j.samples.gloss;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Module;
import dev.peft4j.samples.gloss.GlossData.Example;
import dev.peft4j.transformers.BertModel;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.tuner.AdaptedModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Fine-tunes a sentence encoder on WordNet's definitions, once with a new head alone and once with
 * LoRA, and compares; or, with {@code -Dtext=...}, classifies a sentence with the adapter that an
 * earlier run saved. See {@link GlossOptions}.
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

  /** Runs the program; what the user gave wrong is one sentence and an exit code of 2. */
  public static void main(String[] args) {
    try {
      GlossOptions options = GlossOptions.read(System::getProperty);
      if (options.text() == null) {
        OutputFolder.prepare(options.out());
        new Gloss(options).trainAndCompare();
      } else {
        new Gloss(options).classify(options.text());
      }
    } catch (GlossOptions.WrongOptionException e) {
      fail(2, e);
    } catch (IOException | UncheckedIOException e) {
      fail(1, e);
    }
  }

  private static void fail(int exitCode, Exception e) {
    System.err.println("gloss: " + e.getMessage());
    System.exit(exitCode);
  }

  private void trainAndCompare() throws IOException {
    GlossData data = GlossData.load();
    say("WordNet 3.1: %,d definitions to learn from, %,d to test", data.train().size(), data.test().size());
    for (String method : options.methods()) {
      if (method.equals(GlossOptions.LORA)) {
        trainLora(data);
      } else {
        trainHead(data);
      }
    }
    requireUnchanged("the encoder", encoderBefore, encoder);
    say("base weights: bit-identical after training (SHA-256 %s...)", encoderBefore.substring(0, 16));
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
    AdaptedModel<GlossClassifier> adapted = adapted();
    GlossClassifier model = adapted.model();
    String head = Checksum.of(model.head);
    say("%s", adapted.trainableSummary());
    run(GlossOptions.LORA, model, adapted.trainableParameters(), data);
    requireUnchanged("the head's first weights", head, model.head);
    adapted.save(OutputFolder.adapter(options.out()));
  }

  private AdaptedModel<GlossClassifier> adapted() {
    return Rng.with(
        options.seed(), () -> GlossClassifierPeft.adapt(new GlossClassifier(encoder)));
  }

  private void run(
      String method,
      GlossClassifier model,
      List<dev.peft4j.nn.Parameter> parameters,
      GlossData data) {
    Training.Result result = new Training(model, tokenizer, options).run(method, parameters, data.train());
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
          "training changed the frozen weights of " + what + ": SHA-256 was " + before + " and is " + after);
    }
  }

  private void showPredictions() {
    for (Map.Entry<String, Evaluation> e : evaluations.entrySet()) {
      Evaluation test = e.getValue();
      say("some predictions (%s):", e.getKey());
      int every = Math.max(1, test.examples().size() / SHOWN);
      for (int i = every / 2; i < test.examples().size(); i += every) {
        Example example = test.examples().get(i);
        int found = test.predicted()[i];
        say(
            "  %-20s %s%s",
            Topics.name(found),
            example.text(),
            found == example.label() ? "" : "  [WordNet: " + Topics.name(example.label()) + "]");
      }
    }
  }

  private void classify(String text) throws IOException {
    Path folder = OutputFolder.requireAdapter(options.out());
    AdaptedModel<GlossClassifier> adapted = adapted();
    adapted.load(folder);
    adapted.model().eval();
    float[] p = adapted.model().forward(tokenizer.encode(List.of(text))).softmax(-1).toFloats();
    say("%s", text);
    Topics.byProbability(p).limit(3).forEach(i -> say("  %-20s %5.1f %%", Topics.name(i), 100 * p[i]));
  }

  private static void say(String format, @Nullable Object... values) {
    System.out.printf(Locale.ROOT, format + "%n", values);
  }
}
