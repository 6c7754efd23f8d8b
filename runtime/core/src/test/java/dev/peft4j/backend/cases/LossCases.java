package dev.peft4j.backend.cases;

import static dev.peft4j.backend.cases.In.labels;
import static dev.peft4j.backend.cases.In.normal;
import static dev.peft4j.backend.cases.In.uniform;

import dev.peft4j.graph.Node;
import dev.peft4j.op.HeadLoss;
import dev.peft4j.op.HeadMetrics;
import dev.peft4j.tensor.Reduction;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Losses. */
final class LossCases {
  private LossCases() {}

  static List<OpCase> all() {
    CaseList c = new CaseList();
    for (int[] shape : new int[][] {{1, 2}, {3, 4}, {17, 33}}) {
      int n = shape[0];
      int classes = shape[1];
      c.add(
          "crossEntropy, weights",
          x -> x[0].crossEntropy(x[1], x[2], 0, -100),
          normal(shape),
          labels(classes, -100, n),
          uniform(0.1f, 2, classes));
      c.add(
          "crossEntropy, smooth",
          x -> x[0].crossEntropy(x[1], null, 0.1f, 1),
          normal(shape),
          labels(classes, 1, n));
      c.add(
          "crossEntropyOfLinear",
          x -> x[0].crossEntropyOfLinear(x[1], null, x[2]),
          normal(n, 5),
          normal(classes, 5),
          labels(classes, -100, n));
      c.add(
          "crossEntropyOfLinear, frozen",
          x -> x[0].crossEntropyOfLinear(x[1], x[3], x[2]),
          normal(n, 5),
          normal(classes, 5).frozen(),
          labels(classes, -100, n),
          normal(classes));
      c.add(
          "headLoss, smooth, softcap",
          x -> headLoss(new HeadLoss.Rule(1, 0.1f, false), 0.5f, 3, x[4], x[0], x[1], x[2], x[3]),
          normal(n, 5),
          normal(classes, 5),
          normal(n, 2),
          normal(classes, 2),
          labels(classes, 1, n));
      c.add(
          "headMetrics",
          x -> {
            HeadLoss.Pair pair = new HeadLoss.Pair(x[0].node(), x[1].node());
            HeadLoss.Rule rule = new HeadLoss.Rule(1, 0, false);
            Node loss = HeadLoss.of(List.of(pair), null, x[2].node(), rule, 1, 0, true);
            return Tensor.of(HeadMetrics.of(loss));
          },
          normal(n, 5).frozen(),
          normal(classes, 5).frozen(),
          labels(classes, 1, n));
      c.add("nllLoss", x -> x[0].nllLoss(x[1]), normal(shape), labels(classes, -100, n));
      c.add("l1Loss", x -> x[0].l1Loss(x[1]), normal(shape), normal(shape));
      c.add(
          "smoothL1Loss",
          x -> x[0].smoothL1Loss(x[1], 0.8f, Reduction.MEAN),
          normal(shape),
          normal(shape));
      c.add(
          "huberLoss",
          x -> x[0].huberLoss(x[1], 0.8f, Reduction.SUM),
          normal(shape),
          normal(shape));
      c.add(
          "bceWithLogitsLoss",
          x -> x[0].bceWithLogitsLoss(x[1]),
          In.wide(5, shape),
          uniform(0, 1, shape));
      c.add(
          "bceWithLogitsLoss, weights",
          x -> x[0].bceWithLogitsLoss(x[1], x[2], x[2], Reduction.NONE),
          normal(shape),
          uniform(0, 1, shape),
          uniform(0.1f, 2, classes));
      c.add(
          "klDivLoss",
          x -> x[0].klDivLoss(x[1], Reduction.BATCH_MEAN),
          normal(shape),
          uniform(0.1f, 1, shape));
      c.add(
          "cosineEmbeddingLoss",
          x -> x[0].cosineEmbeddingLoss(x[1], x[2].gt(0).mul(2).sub(1), 0.1f, Reduction.MEAN),
          normal(shape),
          normal(shape),
          normal(n).frozen());
    }
    return c.cases;
  }

  private static Tensor headLoss(
      HeadLoss.Rule rule, float scale, float cap, Tensor labels, Tensor... xw) {
    List<HeadLoss.Pair> pairs = new ArrayList<>();
    for (int i = 0; i < xw.length; i += 2) {
      pairs.add(new HeadLoss.Pair(xw[i].node(), xw[i + 1].node()));
    }
    return Tensor.of(HeadLoss.of(pairs, null, labels.node(), rule, scale, cap));
  }
}
