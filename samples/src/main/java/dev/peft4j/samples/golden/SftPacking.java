package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.sft.PackedRow;
import dev.peft4j.sft.Packing;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderInput;
import dev.peft4j.transformers.TokenRow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Which examples share a row, and that documents in a row do not see each other. */
final class SftPacking {
  private static final double TOLERANCE = 1e-5;

  private SftPacking() {}

  /** Returns the entries of {@code pack.json} and {@code pack.safetensors}. */
  static List<GoldenEntry> entries(Path folder, Path file) throws IOException {
    List<GoldenEntry> all = new ArrayList<>();
    int n = 0;
    for (JsonNode c : SftCase.read(file).path("cases")) {
      String name = "pack/" + c.path("strategy").asText() + "-" + n++ / 3;
      all.add(new GoldenEntry(name, () -> SftCase.run(() -> bins(c))));
    }
    all.add(new GoldenEntry("pack/logits", () -> SftCase.run(() -> logits(folder))));
    return all;
  }

  private static CaseResult bins(JsonNode c) {
    Packing packing =
        switch (c.path("strategy").asText()) {
          case "bfd" -> Packing.BEST_FIT;
          case "bfd_split" -> Packing.BEST_FIT_SPLIT;
          default -> Packing.WRAPPED;
        };
    int[] lengths = SftRows.ints(c.path("lengths")).stream().mapToInt(i -> i).toArray();
    List<List<List<Integer>>> found =
        packing.bins(lengths, c.path("max_length").intValue()).stream()
            .map(b -> b.stream().map(p -> List.of(p.row(), p.start(), p.length())).toList())
            .toList();
    String expected = c.path("bins").toString().replace(" ", "");
    String made = found.toString().replace(" ", "");
    return made.equals(expected)
        ? CaseResult.of(List.of(), List.of())
        : CaseResult.failed("bins " + made + " instead of " + expected);
  }

  private static CaseResult logits(Path folder) throws IOException {
    SafeTensors file = SafeTensors.open(folder.resolve("pack.safetensors"));
    Map<String, Tensor> all = new HashMap<>();
    for (String name : file.names()) {
      all.put(name, Tensor.of(file.storage(name), file.info(name).shape()));
    }
    CausalLm model = SftCase.Adapted.of(folder).model();
    List<String> wrong = new ArrayList<>();
    Difference packed = Difference.scaled("packed", TOLERANCE);
    Difference single = Difference.scaled("single", TOLERANCE);
    Difference leak = Difference.scaled("leak", TOLERANCE);
    List<TokenRow> documents = documents(all);
    CausalBatch batch = PackedRow.batch(List.of(new PackedRow(documents)));
    same("input_ids", batch.input().inputIds(), all, wrong);
    same("labels", batch.labels(), all, wrong);
    Tensor positions = batch.input().positionIds();
    if (positions != null) {
      same("position_ids", positions, all, wrong);
    }
    packed.add("packed.logits", model.forward(batch.input()), all.get("packed.logits"));
    for (int i = 0; all.containsKey("tokens." + i); i++) {
      Tensor ids = get(all, "tokens." + i);
      Tensor logits = model.forward(DecoderInput.of(ids.reshape(1, ids.dim(0))));
      single.add("single." + i, logits.reshape(ids.dim(0), -1), all.get("single." + i + ".logits"));
    }
    Tensor ids = get(all, "leak.input_ids");
    leak.add("leak.logits", model.forward(DecoderInput.of(ids)), all.get("leak.logits"));
    return CaseResult.of(List.of(packed, single, leak), wrong);
  }

  private static Tensor get(Map<String, Tensor> all, String name) {
    return Objects.requireNonNull(all.get(name), name);
  }

  /** The documents of the packed row, by their positions. */
  private static List<TokenRow> documents(Map<String, Tensor> all) {
    int[] ids = get(all, "packed.input_ids").toInts();
    int[] labels = get(all, "packed.labels").toInts();
    int[] positions = get(all, "packed.position_ids").toInts();
    List<TokenRow> out = new ArrayList<>();
    int start = 0;
    for (int i = 1; i <= ids.length; i++) {
      if (i == ids.length || positions[i] == 0) {
        out.add(
            new TokenRow(Arrays.copyOfRange(ids, start, i), Arrays.copyOfRange(labels, start, i)));
        start = i;
      }
    }
    return out;
  }

  private static void same(String name, Tensor found, Map<String, Tensor> all, List<String> wrong) {
    if (!Arrays.equals(found.toInts(), get(all, "packed." + name).toInts())) {
      wrong.add("packed " + name + " differ");
    }
  }
}
