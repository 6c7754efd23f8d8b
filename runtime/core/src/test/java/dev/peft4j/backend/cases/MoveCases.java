package dev.peft4j.backend.cases;

import static dev.peft4j.backend.cases.In.ints;
import static dev.peft4j.backend.cases.In.normal;

import dev.peft4j.graph.Again;
import dev.peft4j.graph.Node;
import dev.peft4j.tensor.Tensor;
import java.util.List;

/** Operations that repeat, reverse, shift and cut. */
final class MoveCases {
  private MoveCases() {}

  static List<OpCase> all() {
    CaseList c = new CaseList();
    for (int[] shape : new int[][] {{1, 1}, {3, 4}, {2, 3, 4}, {0, 2}, {17, 33}}) {
      c.add("squeeze", x -> x[0].squeeze().exp(), normal(shape));
      c.add("squeeze 0", x -> x[0].squeeze(0).exp(), normal(shape));
      c.add("unsqueeze 0", x -> x[0].unsqueeze(0).exp(), normal(shape));
      c.add("unsqueeze -1", x -> x[0].unsqueeze(-1).exp(), normal(shape));
      c.add("flip 0, -1", x -> x[0].flip(0, -1).exp(), normal(shape));
      c.add("flip 1", x -> x[0].flip(1).mul(x[0]), normal(shape));
      c.add("flip of ints", x -> x[0].flip(1), ints(100, shape));
      c.add("roll 1, 0", x -> x[0].roll(1, 0).mul(x[0]), normal(shape));
      c.add("roll -5, -1", x -> x[0].roll(-5, -1).mul(x[0]), normal(shape));
      c.add("roll of ints", x -> x[0].roll(2, 1), ints(100, shape));
      c.add("stack", x -> Tensor.stack(1, x).exp(), normal(shape), normal(shape));
      c.add("stack last", x -> Tensor.stack(-1, x).exp(), normal(shape), normal(shape));
      c.add("tril", x -> x[0].tril(0).exp(), normal(shape));
      c.add("triu -1", x -> x[0].triu(-1).mul(x[0]), normal(shape));
      c.add("split", x -> sum(x[0].split(2, 1)), normal(shape));
      c.add("chunk", x -> sum(x[0].chunk(3, -1)), normal(shape));
    }
    c.add("expand", x -> x[0].expand(2, 3, -1).mul(x[1]), normal(3, 1), normal(2, 3, 1));
    c.add("expand", x -> x[0].expand(4, 5).exp(), normal(5));
    c.add("repeat", x -> x[0].repeat(2, 3).exp(), normal(5));
    c.add("repeat", x -> x[0].repeat(2, 1, 3).mul(x[0].repeat(2, 1, 3)), normal(3, 2));
    c.add("repeat 0", x -> x[0].repeat(0, 2), normal(3, 2));
    c.add("einsum ij,jk->ik", x -> Tensor.einsum("ij,jk->ik", x), normal(3, 4), normal(4, 5));
    c.add(
        "einsum bhqd,bhkd->bhqk",
        x -> Tensor.einsum("bhqd,bhkd->bhqk", x),
        normal(2, 3, 4, 5),
        normal(2, 3, 6, 5));
    c.add("einsum ii", x -> Tensor.einsum("ii", x), normal(5, 5));
    c.add("einsum i,j->ji", x -> Tensor.einsum("i,j->ji", x), normal(5), normal(3));
    c.add(
        "einsum ijk,kl,jm->ilm",
        x -> Tensor.einsum("ijk,kl,jm->ilm", x),
        normal(2, 3, 4),
        normal(4, 5),
        normal(3, 2));
    c.add("again", x -> Tensor.of(Node.of(new Again(), x[0].node())).mul(x[0]), normal(3, 5));
    return c.cases;
  }

  private static Tensor sum(List<Tensor> parts) {
    Tensor sum = parts.get(0).sum(1);
    for (Tensor part : parts.subList(1, parts.size())) {
      sum = sum.mul(part.exp().sum(1));
    }
    return sum;
  }
}
