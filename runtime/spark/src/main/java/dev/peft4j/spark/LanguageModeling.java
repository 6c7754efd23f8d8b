package dev.peft4j.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.data.Rng;
import dev.peft4j.generate.ChatSettings;
import dev.peft4j.sft.SftData;
import dev.peft4j.sft.SftEncoder;
import dev.peft4j.sft.SftOptions;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;

/**
 * A recipe for a language model with an adapter: a folder or GGUF file that every executor has, and
 * rows of texts, of prompts with completions, or of conversations, as {@link SftData} reads them.
 * Of conversations and completions the answers are learned.
 */
public final class LanguageModeling
    implements TrainingRecipe<CausalLm, AdaptedModel<CausalLm>, CausalBatch> {
  private static final long serialVersionUID = 1L;
  private static final JsonMapper JSON = new JsonMapper();

  private final String folder;
  private final AdapterSettings adapter;
  private final @Nullable String file;
  private final List<String> rows;
  private final int size;
  private final long seed;
  private final int maxLength;

  private LanguageModeling(
      String folder,
      AdapterSettings adapter,
      @Nullable String file,
      List<String> rows,
      int size,
      long seed,
      int maxLength) {
    this.folder = folder;
    this.adapter = adapter;
    this.file = file;
    this.rows = List.copyOf(rows);
    this.size = size;
    this.seed = seed;
    this.maxLength = maxLength;
  }

  /**
   * Returns a recipe whose rows are in a file that every executor can read: JSONL, or a list of
   * JSON. Batches have 8 rows of at most 1,024 tokens, in an order of seed 0, unless they are set.
   *
   * @param model its folder or GGUF file
   */
  public static LanguageModeling of(Path model, AdapterSettings adapter, Path file) {
    return new LanguageModeling(
        model.toString(), adapter, file.toString(), List.of(), 8, 0, SftOptions.MAX_LENGTH);
  }

  /**
   * Returns a recipe whose rows are those of a dataset, in their order, with its columns as keys.
   * They are collected, and travel to each executor once.
   */
  public static LanguageModeling of(Path model, AdapterSettings adapter, Dataset<Row> data) {
    return of(model, adapter, data.toJSON().javaRDD());
  }

  /**
   * Returns a recipe whose rows are texts of JSON; see {@link #of(Path, AdapterSettings, Dataset)}.
   */
  public static LanguageModeling of(Path model, AdapterSettings adapter, JavaRDD<String> json) {
    return new LanguageModeling(
        model.toString(), adapter, null, json.collect(), 8, 0, SftOptions.MAX_LENGTH);
  }

  /** Returns this with another number of rows in a batch, which is what one task computes. */
  public LanguageModeling batch(int rowsInBatch) {
    return new LanguageModeling(folder, adapter, file, rows, rowsInBatch, seed, maxLength);
  }

  /** Returns this with another seed of the order and of what is random in the adapter. */
  public LanguageModeling seed(long value) {
    return new LanguageModeling(folder, adapter, file, rows, size, value, maxLength);
  }

  /** Returns this with another limit of a row's tokens. */
  public LanguageModeling maxLength(int tokens) {
    return new LanguageModeling(folder, adapter, file, rows, size, seed, tokens);
  }

  @Override
  public CausalLm base() throws IOException {
    return Transformers.causalLm(Path.of(folder));
  }

  @Override
  public AdaptedModel<CausalLm> adapt(CausalLm base) {
    return Rng.with(seed, () -> PeftModel.of(base, adapter.get()));
  }

  @Override
  public Batches<CausalBatch> data() throws IOException {
    Path path = Path.of(folder);
    Tokenizer tokenizer = Tokenizer.load(path, maxLength);
    ChatTemplate template = ChatSettings.template(path);
    if (template != null && template.specialTokens().isEmpty()) {
      template = template.withSpecialTokens(tokenizer.specialTokens());
    }
    SftEncoder encoder =
        new SftEncoder(tokenizer, template, SftOptions.DEFAULT.maxLength(maxLength));
    SftData data =
        file == null ? SftData.of(json(), encoder) : SftData.read(Path.of(file), encoder);
    return Batches.shuffled(data.rows(), size, seed, CausalBatch::of);
  }

  private List<ObjectNode> json() {
    List<ObjectNode> all = new ArrayList<>();
    for (String row : rows) {
      try {
        if (!(JSON.readTree(row) instanceof ObjectNode object)) {
          throw new IllegalArgumentException(
              "row " + (all.size() + 1) + " is not an object of JSON: " + row);
        }
        all.add(object);
      } catch (JsonProcessingException e) {
        throw new IllegalArgumentException(
            "row " + (all.size() + 1) + " is not JSON: " + e.getOriginalMessage(), e);
      }
    }
    return all;
  }

  @Override
  public Tensor loss(AdaptedModel<CausalLm> model, CausalBatch batch) {
    return model.model().loss(batch);
  }

  @Override
  public String origin() {
    return folder;
  }
}
