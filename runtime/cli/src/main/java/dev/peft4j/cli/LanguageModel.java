package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.peft4j.Peft4jException;
import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.dataset.DataFile;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.sft.SftData;
import dev.peft4j.sft.SftEncoder;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Evaluator;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.TextRows;
import dev.peft4j.transformers.TokenRow;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model that predicts next tokens.
 *
 * @param model the model, with its adapter if it has one
 * @param tokenizer the tokenizer of texts
 * @param maxLength tokens of a row at most
 */
record LanguageModel(CausalLm model, Tokenizer tokenizer, int maxLength) implements AutoCloseable {
  private static final int DEFAULT_LENGTH = 1024;

  /** Returns the model in a folder, with an adapter if {@code adapter} is not null. */
  static LanguageModel load(ModelOptions options, @Nullable Path adapter) throws IOException {
    Adapter weights = adapter == null ? null : AdapterFolder.read(AdapterPath.of(adapter));
    if (weights != null) {
      weights.checkFinite();
    }
    CausalLm model = options.causalLm();
    Weights.requireFinite(options.folder, model);
    int length = length(options, model.config().maxPositions() - options.virtual);
    Tokenizer tokenizer = Tokenizer.load(options.folder, length);
    requireEnd(options.folder, tokenizer, model.config().vocabSize());
    if (adapter != null) {
      CommandException.ofSettings(() -> PeftModel.load(model, adapter));
    }
    return new LanguageModel(model, tokenizer, length);
  }

  private static void requireEnd(Path folder, Tokenizer tokenizer, int vocabulary)
      throws FileFormatException {
    String end = tokenizer.specialTokens().get("eos_token");
    Integer id = end == null ? null : tokenizer.id(end);
    if (end != null && (id == null || id >= vocabulary)) {
      throw new FileFormatException(
          folder,
          "the tokenizer's eos_token "
              + JsonNodeFactory.instance.textNode(end)
              + (id == null ? "" : ", " + id + ",")
              + " is not in the vocabulary of "
              + vocabulary
              + " tokens (vocab_size): no text can end with it");
    }
  }

  private static int length(ModelOptions options, int most) throws IOException {
    Integer asked = options.maxLength;
    if (most < 2) {
      throw new UsageException(
          "--virtual-tokens is %d: no positions of the model are left for a text"
              .formatted(options.virtual));
    }
    if (asked != null && (asked < 2 || asked > most)) {
      throw new UsageException(
          "--max-length is "
              + asked
              + ", the model takes 2 to "
              + most
              + " tokens (max_position_embeddings)");
    }
    return asked == null
        ? Math.min(DEFAULT_LENGTH, Math.min(most, Tokenizer.modelMaxLength(options.folder)))
        : asked;
  }

  /**
   * How texts are read, and what of them is learned.
   *
   * @param folder the model's
   * @param adapter an adapter that may have a chat template of its own, or null
   */
  record Texts(Path folder, @Nullable Path adapter, DataColumns columns, SftDataOptions rows) {
    @Nullable ChatTemplate template(Tokenizer tokenizer) throws IOException {
      Path own = adapter == null ? null : AdapterPath.of(adapter);
      return rows.template(folder, own, tokenizer);
    }
  }

  /**
   * Reads texts: rows of JSON of any kind that {@link SftData} knows; the texts of a column of a
   * .csv or .tsv, which are cut where they are too long; or a .txt in blocks.
   *
   * @throws FileFormatException if the file is not valid, or there is nothing to predict in it
   */
  List<TokenRow> read(Path file, Texts texts, Out out) throws IOException {
    DataColumns columns = texts.columns;
    if (hasRows(file)) {
      if (out.isGiven("--text")) {
        texts.rows.textField = columns.text;
      }
      SftEncoder encoder = texts.rows.encoder(texts.template(tokenizer), tokenizer, maxLength);
      SftData data = SftData.read(file, encoder);
      if (data.largestId() >= model.config().vocabSize()) {
        throw new FileFormatException(
            file,
            "has the token "
                + data.largestId()
                + ", but the model has "
                + model.config().vocabSize()
                + " (vocab_size): the tokenizer belongs to another model");
      }
      return predictable(file, data.rows());
    }
    TextRows rows = new TextRows(tokenizer, model.config(), maxLength);
    List<TokenRow> read = new ArrayList<>();
    if (file.toString().endsWith(".txt")) {
      read.addAll(inFile(file, () -> rows.blocks(text(file))));
    } else {
      DataFile data = columns.quote ? DataFile.of(file).quoted() : DataFile.of(file);
      // what goes wrong in a row gets the file and the line
      data.read(
          r -> {
            String text = r.text(columns.text);
            return texts.rows.splitTexts
                ? read.addAll(rows.blocks(text))
                : read.add(rows.row(text));
          });
    }
    if (rows.cut() > 0) {
      out.warn(
          file
              + ": "
              + rows.cut()
              + " of "
              + read.size()
              + " texts are longer than "
              + maxLength
              + " tokens and are cut there; see --max-length");
    }
    return predictable(file, read);
  }

  /** Returns whether a file has rows of JSON, by its name. */
  static boolean hasRows(Path file) {
    String name = file.toString().replaceFirst("\\.gz$", "");
    return name.endsWith(".json") || name.endsWith(".jsonl");
  }

  /** Leaves out rows of which no token is predicted. */
  private static List<TokenRow> predictable(Path file, List<TokenRow> rows)
      throws FileFormatException {
    List<TokenRow> left = rows.stream().filter(r -> r.counted() > 0).toList();
    if (left.isEmpty()) {
      throw new FileFormatException(file, "has no text of which a token could be predicted");
    }
    return left;
  }

  private interface Reading<T> {
    T get() throws IOException;
  }

  private static <T> T inFile(Path file, Reading<T> work) throws IOException {
    try {
      return work.get();
    } catch (Peft4jException e) {
      throw new FileFormatException(file, String.valueOf(e.getMessage()));
    }
  }

  private static String text(Path file) throws IOException {
    try {
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new FileFormatException(file, "does not exist");
    } catch (CharacterCodingException e) {
      throw new FileFormatException(file, "is not UTF-8");
    }
  }

  /** Returns loss and perplexity, which do not depend on the batch. */
  Map<String, Double> evaluate(List<TokenRow> rows, int batch) {
    return Evaluator.perplexity(Batches.inOrder(rows, batch, CausalBatch::of), model::loss)
        .evaluate();
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
