package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.samples.golden.SftCase.Adapted;
import dev.peft4j.samples.golden.SftCase.Said;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Evaluator;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.TokenRow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The evaluation of a set of rows: each row's loss, and that of the set for any batch size. */
final class SftEvaluation {
  private static final double TOLERANCE = 1e-5;

  private final Difference rows = Difference.scaled("rows", TOLERANCE);
  private final Difference set = Difference.scaled("set", TOLERANCE);
  private final Difference trl = Difference.scaled("trl", TOLERANCE);
  private final List<String> wrong = new ArrayList<>();
  private final CausalLm model;
  private final JsonNode json;
  private final List<TokenRow> all;

  private SftEvaluation(CausalLm model, JsonNode json) {
    this.model = model;
    this.json = json;
    this.all = json.path("rows").valueStream().map(SftEvaluation::row).toList();
  }

  static CaseResult run(Path folder, Path file) throws IOException {
    CausalLm model = Adapted.of(folder).model();
    model.eval();
    return new SftEvaluation(model, SftCase.read(file)).run();
  }

  private static TokenRow row(JsonNode row) {
    return new TokenRow(ints(row.path("input_ids")), ints(row.path("labels")));
  }

  private static int[] ints(JsonNode list) {
    return list.valueStream().mapToInt(JsonNode::intValue).toArray();
  }

  private CaseResult run() {
    for (int i = 0; i < all.size(); i++) {
      CausalBatch one = CausalBatch.of(List.of(all.get(i)), 0, 1);
      int tokens = json.path("tokens").path(i).intValue();
      if (all.get(i).counted() != tokens) {
        wrong.add("row " + i + " counts " + all.get(i).counted() + " tokens, not " + tokens);
      }
      float sum = model.loss(one).item() * tokens;
      compare(rows, "nll of row " + i, sum, json.path("nll").path(i));
    }
    for (int size : new int[] {1, 2, 3, all.size()}) {
      Map<String, Double> values =
          Evaluator.perplexity(Batches.inOrder(all, size, CausalBatch::of), model::loss).evaluate();
      compare(set, "loss", values.getOrDefault("loss", Double.NaN), json.path("loss"));
      compare(
          set,
          "perplexity",
          values.getOrDefault("perplexity", Double.NaN),
          json.path("perplexity"));
    }
    for (JsonNode t : json.path("trl")) {
      asTrl(t);
    }
    return CaseResult.of(List.of(rows, set, trl), wrong);
  }

  /** TRL's means: a batch's loss weighs as many as it has rows, its other numbers weigh one. */
  private void asTrl(JsonNode t) {
    int size = t.path("batch").intValue();
    Batches<CausalBatch> batches = Batches.inOrder(all, size, CausalBatch::of);
    double loss = 0;
    double entropy = 0;
    double accuracy = 0;
    for (int b = 0; b < batches.count(); b++) {
      CausalBatch batch = batches.get(0, b);
      Said said = Said.of(model, batch);
      loss += (double) model.loss(batch).item() * batches.examples(0, b) / all.size();
      entropy += said.entropy() / batches.count();
      accuracy += said.accuracy() / batches.count();
    }
    compare(trl, "eval_loss " + size, loss, t.path("eval_loss"));
    compare(trl, "eval_entropy " + size, entropy, t.path("eval_entropy"));
    compare(trl, "accuracy " + size, accuracy, t.path("eval_mean_token_accuracy"));
  }

  private static void compare(Difference into, String name, double found, JsonNode expected) {
    into.add(
        name, Tensor.scalar((float) found), Tensor.scalar((float) expected.asDouble(Double.NaN)));
  }
}
