package dev.peft4j.generate;

import dev.peft4j.hub.ModelFolders;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdapterSet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Continues prompts with a decoder. It holds no state: keys and values belong to each call, so many
 * threads may use one generator, and one model serves many adapters.
 *
 * <pre>{@code
 * Generator generator = Generator.load(folder);
 * String text = generator.generate("Once upon a time");
 * }</pre>
 *
 * <p>Adapters that are active around a call act on it ({@code adapted.call(m -> ...)}, {@code
 * withAdapter}); {@link #with(AdapterSet)} lets each row of a batch name its own.
 */
public final class Generator {
  private final DecodingModel model;
  private final @Nullable Tokenizer tokenizer;
  private final GenerationConfig config;
  private final @Nullable AdapterSet adapters;
  private final int contextLength;

  private Generator(
      DecodingModel model,
      @Nullable Tokenizer tokenizer,
      GenerationConfig config,
      @Nullable AdapterSet adapters,
      int contextLength) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.config = config;
    this.adapters = adapters;
    this.contextLength = contextLength;
  }

  /** Returns a generator of token ids, with default settings. */
  public static Generator of(CausalLm model) {
    return of(new CausalLmModel(model));
  }

  /** Returns a generator of texts, with default settings; the tokenizer stays the caller's. */
  public static Generator of(CausalLm model, Tokenizer tokenizer) {
    return of(model).with(tokenizer);
  }

  /** Returns a generator for another kind of model, with default settings. */
  public static Generator of(DecodingModel model) {
    return new Generator(model, null, GenerationConfig.builder().build(), null, model.positions());
  }

  /**
   * Loads model, tokenizer and settings of a folder.
   *
   * @throws dev.peft4j.io.FileFormatException if a file is not valid
   */
  public static Generator load(Path folder) throws IOException {
    CausalLm model = Transformers.causalLm(folder);
    Tokenizer tokenizer = Tokenizer.load(folder, Math.max(1, model.config().maxPositions()));
    return of(model, tokenizer).with(GenerationConfig.read(folder));
  }

  /**
   * Loads model, tokenizer and settings of a folder, or of a model in the local cache of the
   * Hugging Face Hub by its name; see {@link #load(Path)}.
   */
  public static Generator load(String folderOrName) throws IOException {
    return load(ModelFolders.resolve(folderOrName));
  }

  /** Returns this with a tokenizer, which stays the caller's. */
  public Generator with(Tokenizer other) {
    return new Generator(model, other, config, adapters, contextLength);
  }

  /** Returns this with settings for the rows that have none of their own. */
  public Generator with(GenerationConfig other) {
    return new Generator(model, tokenizer, other, adapters, contextLength);
  }

  /** Returns this with the adapters that rows may name; see {@link GenerationRequest#adapter}. */
  public Generator with(AdapterSet other) {
    return new Generator(model, tokenizer, config, other, contextLength);
  }

  /**
   * Returns this with the largest length of a prompt: the positions that the model was made for
   * unless it is set.
   *
   * @throws IllegalArgumentException if it is below 1, or above what the model has
   */
  public Generator contextLength(int tokens) {
    if (tokens < 1 || model.bounded() && tokens > model.positions()) {
      throw new IllegalArgumentException(
          "contextLength is "
              + tokens
              + ", expected a number from 1"
              + (model.bounded() ? " to the model's " + model.positions() + " positions" : ""));
    }
    return new Generator(model, tokenizer, config, adapters, tokens);
  }

  /** Returns the settings. */
  public GenerationConfig config() {
    return config;
  }

  /** Returns the tokenizer, or null if there is none. */
  public @Nullable Tokenizer tokenizer() {
    return tokenizer;
  }

  /** Returns the largest length of a prompt. */
  public int contextLength() {
    return contextLength;
  }

  DecodingModel model() {
    return model;
  }

  @Nullable AdapterSet adapters() {
    return adapters;
  }

  /**
   * Returns the text that follows a prompt.
   *
   * @throws IllegalStateException if there is no tokenizer
   * @throws IllegalArgumentException if the prompt is longer than {@link #contextLength}, or a
   *     setting does not fit the model
   */
  public String generate(String prompt) {
    return generate(prompt, GenerationListener.NONE).text();
  }

  /** Continues a prompt and tells a listener meanwhile; see {@link #generate(String)}. */
  public GenerationResult generate(String prompt, GenerationListener listener) {
    return run(List.of(request(prompt)), listener);
  }

  /** Continues several prompts at once; see {@link #generate(String)}. */
  public GenerationResult generate(List<String> prompts) {
    return run(prompts.stream().map(this::request).toList(), GenerationListener.NONE);
  }

  /** Continues token ids; see {@link #generate(String)}. */
  public GenerationResult generate(int[]... prompts) {
    return run(
        Arrays.stream(prompts).map(p -> new GenerationRequest(p, config, null)).toList(),
        GenerationListener.NONE);
  }

  /** Returns a row of a batch, with this generator's settings. */
  public GenerationRequest request(String prompt) {
    return request(prompt, config, null);
  }

  /**
   * Returns a row of a batch.
   *
   * @param adapter the adapter that acts on it; null for those that are active around the call
   * @throws IllegalStateException if there is no tokenizer
   */
  public GenerationRequest request(
      String prompt, GenerationConfig settings, @Nullable String adapter) {
    Tokenizer t = tokenizer;
    if (t == null) {
      throw new IllegalStateException(
          "a prompt is text, but the generator has no tokenizer: give it one by with(tokenizer)");
    }
    return new GenerationRequest(t.tokenize(prompt, true).ids(), settings, adapter);
  }

  /**
   * Continues rows, each with its own settings and adapter. Beams and several sequences for a
   * prompt need the same settings in all rows.
   *
   * @throws IllegalArgumentException if a prompt is empty, has an id that is not in the vocabulary,
   *     or is longer than {@link #contextLength}, or settings do not fit
   */
  public GenerationResult run(List<GenerationRequest> requests, GenerationListener listener) {
    return new GenerationCall(this, requests, listener).run();
  }

  /** Returns each element several times, the copies side by side. */
  static <T> List<T> repeated(List<T> all, int times) {
    List<T> out = new ArrayList<>();
    for (T t : all) {
      for (int i = 0; i < times; i++) {
        out.add(t);
      }
    }
    return out;
  }
}
