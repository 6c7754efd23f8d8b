package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.sft.LossOn;
import dev.peft4j.sft.SftData;
import dev.peft4j.sft.SftEncoder;
import dev.peft4j.sft.SftException;
import dev.peft4j.sft.SftOptions;
import dev.peft4j.sft.SftWarning;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.TokenRow;
import dev.peft4j.transformers.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of rows of data: tokens, labels, which rows are kept, warnings and errors. Where a
 * case says what a good tool gives instead of TRL's, that is what counts.
 */
final class SftRows {
  private static final Set<SftWarning.Kind> TOLD =
      Set.of(SftWarning.Kind.PROMPT_NOT_PREFIX, SftWarning.Kind.STOP_NOT_TRAINED);

  private SftRows() {}

  /** Returns the entries of {@code data.json}. */
  static List<GoldenEntry> entries(Path folder, Path file) throws IOException {
    List<GoldenEntry> all = new ArrayList<>();
    for (JsonNode c : SftCase.read(file).path("cases")) {
      String name = "data/" + c.path("name").asText();
      all.add(new GoldenEntry(name, () -> SftCase.run(() -> run(folder, c))));
    }
    return all;
  }

  private static CaseResult run(Path folder, JsonNode c) throws IOException {
    Path files = folder.resolve("tokenizer-" + c.path("tokenizer").asText());
    try (Tokenizer tokenizer = Tokenizer.load(files, Integer.MAX_VALUE)) {
      JsonNode expected = c.has("instead") ? c.get("instead") : c;
      SftEncoder encoder =
          new SftEncoder(tokenizer, template(folder, c, tokenizer), options(c.path("options")));
      SftData data;
      try {
        List<ObjectNode> rows = new ArrayList<>();
        c.path("examples").forEach(e -> rows.add((ObjectNode) e));
        data = SftData.of(rows, encoder);
      } catch (SftException e) {
        boolean right = expected.has("error");
        return right
            ? CaseResult.of(List.of(), List.of())
            : CaseResult.failed("refused: " + e.getMessage());
      }
      if (expected.has("error")) {
        return CaseResult.failed("accepted, expected an error: " + expected.get("error"));
      }
      return CaseResult.of(List.of(), compare(data, expected, c, encoder));
    }
  }

  private static @Nullable ChatTemplate template(Path folder, JsonNode c, Tokenizer tokenizer)
      throws IOException {
    if (!c.path("template").isTextual()) {
      return null;
    }
    Path file = folder.resolve("templates").resolve(c.get("template").asText() + ".jinja");
    return ChatTemplate.of(Files.readString(file)).withSpecialTokens(tokenizer.specialTokens());
  }

  /** TRL's options; those that are absent have TRL's defaults. */
  private static SftOptions options(JsonNode given) {
    boolean assistant = given.path("assistant_only_loss").asBoolean(false);
    boolean completion = given.path("completion_only_loss").asBoolean(true);
    LossOn on =
        assistant
            ? completion ? LossOn.ASSISTANT_IN_COMPLETION : LossOn.ASSISTANT
            : completion ? LossOn.COMPLETION : LossOn.ALL;
    JsonNode max = given.path("max_length");
    return SftOptions.DEFAULT
        .mostDropped(1) // some cases are about it
        .lossOn(on)
        .textField(given.path("dataset_text_field").asText("text"))
        .maxLength(max.isNull() ? null : (Integer) max.asInt(SftOptions.MAX_LENGTH))
        .keepEnd(given.path("truncation_mode").asText().equals("keep_end"));
  }

  private static List<String> compare(
      SftData data, JsonNode expected, JsonNode c, SftEncoder encoder) {
    List<String> wrong = new ArrayList<>();
    if (!data.kept().toString().equals(ints(expected.path("kept")).toString())) {
      wrong.add("kept " + data.kept() + " instead of " + expected.path("kept"));
    }
    JsonNode rows = expected.path("rows");
    for (int r = 0; r < Math.min(rows.size(), data.rows().size()); r++) {
      TokenRow found = data.rows().get(r);
      same("row " + r + " ids", found.ids(), rows.get(r).path("input_ids"), wrong);
      same("row " + r + " labels", found.labels(), rows.get(r).path("labels"), wrong);
    }
    JsonNode batch = c.path("batch");
    if (batch.isObject() && !c.has("instead")) {
      CausalBatch made = CausalBatch.of(data.rows(), encoder.padId(), 1);
      same("batch ids", made.input().inputIds().toInts(), flat(batch.path("input_ids")), wrong);
      same("batch labels", made.labels().toInts(), flat(batch.path("labels")), wrong);
    }
    Set<String> told = new TreeSet<>();
    for (SftWarning w : data.warnings()) {
      if (TOLD.contains(w.kind())) {
        told.add(w.kind().name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'));
      }
    }
    Set<String> wanted = new TreeSet<>();
    c.path("warns").forEach(w -> wanted.add(w.asText()));
    if (!told.equals(wanted)) {
      wrong.add("warned of " + told + " instead of " + wanted);
    }
    return wrong;
  }

  private static void same(String what, int[] found, JsonNode expected, List<String> wrong) {
    same(what, found, ints(expected).stream().mapToInt(Integer::intValue).toArray(), wrong);
  }

  private static void same(String what, int[] found, int[] expected, List<String> wrong) {
    if (!Arrays.equals(found, expected)) {
      int at = Arrays.mismatch(found, expected);
      wrong.add(what + " differ at " + at + " (" + found.length + " of " + expected.length + ")");
    }
  }

  static List<Integer> ints(JsonNode list) {
    List<Integer> out = new ArrayList<>();
    list.forEach(i -> out.add(i.intValue()));
    return out;
  }

  private static int[] flat(JsonNode rows) {
    return rows.valueStream().flatMap(JsonNode::valueStream).mapToInt(JsonNode::intValue).toArray();
  }
}
