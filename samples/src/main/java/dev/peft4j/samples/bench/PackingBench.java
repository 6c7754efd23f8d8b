package dev.peft4j.samples.bench;

import dev.peft4j.data.Rng;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.sft.PackedRow;
import dev.peft4j.sft.Packing;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.LlamaForCausalLM;
import dev.peft4j.transformers.TokenRow;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * An epoch over short conversations, packed against unpacked: packing should be as many times
 * faster as it saves tokens, padding included. Unpacked batches are shuffled, not grouped by
 * length. Run with {@code -Dworkload=packing}; {@code -Drows=} and {@code -Dlayers=} change the
 * sizes. The two take turns, a part of the epoch each, so that other work on the machine slows both
 * alike.
 */
final class PackingBench {
  private static final int BATCH = 8;
  private static final int ROW = 512;
  private static final int VOCABULARY = 1024;
  private static final int TURNS = 25;

  private final LlamaForCausalLM model;
  private final Optimizer optimizer;

  private PackingBench(int layers) {
    model =
        new LlamaForCausalLM(
            DecoderConfig.builder()
                .vocabSize(VOCABULARY)
                .hiddenSize(256)
                .layers(layers)
                .heads(4)
                .kvHeads(2)
                .intermediateSize(704)
                .maxPositions(ROW)
                .tied(true)
                .build());
    PeftModel adapted =
        PeftModel.of(
            model, LoraConfig.builder().r(8).alpha(16).allLinear().taskType("CAUSAL_LM").build());
    optimizer = AdamW.of(adapted.trainableParameters(), 1e-4f);
    model.train();
  }

  static void run() {
    int count = Integer.getInteger("rows", 2000);
    PackingBench bench = Rng.with(0, () -> new PackingBench(Integer.getInteger("layers", 3)));
    List<TokenRow> rows = conversations(count);
    List<PackedRow> packed = Packing.BEST_FIT.pack(rows, ROW);
    long tokens = rows.stream().mapToLong(TokenRow::length).sum();
    List<CausalBatch> apart = Batches.shuffled(rows, BATCH, 0, CausalBatch::of).epoch(0);
    // a step takes as many tokens, and as much memory, as an unpacked one with its padding
    int size = (int) Math.max(1, Math.round((double) size(apart) / apart.size() / ROW));
    List<CausalBatch> together =
        Batches.shuffled(packed, size, 0, some -> PackedRow.batch(some, CausalBatch.MULTIPLE))
            .epoch(0);
    bench.epoch(apart, 0, Math.min(apart.size(), TURNS)); // compiles
    bench.epoch(together, 0, Math.min(together.size(), TURNS));
    double[] seconds = new double[2];
    double[] processor = new double[2];
    for (int turn = 0; turn < TURNS; turn++) {
      double before = Bench.processorSeconds();
      seconds[0] += bench.epoch(apart, start(apart, turn), start(apart, turn + 1));
      double between = Bench.processorSeconds();
      seconds[1] += bench.epoch(together, start(together, turn), start(together, turn + 1));
      processor[0] += between - before;
      processor[1] += Bench.processorSeconds() - between;
    }
    double saved = (double) size(apart) / size(together);
    double faster = seconds[0] / seconds[1];
    if (Boolean.getBoolean("report")) {
      System.err.print(CostReport.of(() -> bench.epoch(apart, 0, TURNS), 1));
      System.err.print(CostReport.of(() -> bench.epoch(together, 0, TURNS), 1));
    }
    System.out.printf(
        Locale.ROOT,
        "{\"workload\": \"packing\", \"conversations\": %d, \"tokens\": %d, \"unpacked_tokens\":"
            + " %d, \"packed_tokens\": %d, \"unpacked_steps\": %d, \"packed_steps\": %d,"
            + " \"unpacked_s\": %.2f, \"packed_s\": %.2f, \"unpacked_cpu_s\": %.2f,"
            + " \"packed_cpu_s\": %.2f, \"tokens_ratio\": %.3f, \"speed_ratio\": %.3f,"
            + " \"of_tokens_ratio\": %.3f, \"cpu_of_tokens_ratio\": %.3f}%n",
        count,
        tokens,
        size(apart),
        size(together),
        apart.size(),
        together.size(),
        seconds[0],
        seconds[1],
        processor[0],
        processor[1],
        saved,
        faster,
        faster / saved,
        processor[0] / processor[1] / saved);
  }

  private static int start(List<?> batches, int turn) {
    return (int) ((long) batches.size() * turn / TURNS);
  }

  private static long size(List<CausalBatch> batches) {
    return batches.stream().mapToLong(b -> b.labels().shape().elements()).sum();
  }

  /** Trains on some batches and returns the seconds. */
  private double epoch(List<CausalBatch> batches, int from, int to) {
    long start = System.nanoTime();
    for (CausalBatch b : batches.subList(from, to)) {
      Tensor loss = model.loss(b);
      loss.backward();
      optimizer.step();
      loss.item();
    }
    return (System.nanoTime() - start) / 1e9;
  }

  /** Conversations of 12 to about 250 tokens, most of them short; the first third is a question. */
  private static List<TokenRow> conversations(int count) {
    Rng rng = new Rng(7);
    float[] normal = rng.normal(count, 0, 1);
    List<TokenRow> rows = new ArrayList<>();
    for (float x : normal) {
      int length = (int) Math.clamp(Math.round(56 * Math.exp(0.6 * x)), 12, 250);
      int[] ids = new int[length];
      int[] labels = new int[length];
      for (int i = 0; i < length; i++) {
        ids[i] = (int) (rng.nextDouble() * VOCABULARY);
        labels[i] = i < length / 3 ? TokenRow.IGNORED : ids[i];
      }
      rows.add(new TokenRow(ids, labels));
    }
    return rows;
  }
}
