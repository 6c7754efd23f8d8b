package dev.peft4j.backend.cases;

import static dev.peft4j.backend.cases.In.binary;
import static dev.peft4j.backend.cases.In.key;
import static dev.peft4j.backend.cases.In.normal;
import static dev.peft4j.backend.cases.In.uniform;
import static dev.peft4j.backend.cases.In.wide;

import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Scalar;
import dev.peft4j.graph.Scalar.Fn2;
import dev.peft4j.op.Pointwise;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Element-wise ops on inputs of one shape. */
final class PointwiseCases {
  private static final int[][] SHAPES = {
    {}, {1}, {2}, {7}, {16}, {17}, {33}, {1025}, {3, 5}, {2, 3, 5, 4}
  };

  private PointwiseCases() {}

  static List<OpCase> all() {
    CaseList c = new CaseList();
    Map<String, UnaryOperator<Tensor>> everywhere =
        Map.ofEntries(
            Map.entry("neg", Tensor::neg),
            Map.entry("abs", Tensor::abs),
            Map.entry("exp", Tensor::exp),
            Map.entry("square", Tensor::square),
            Map.entry("sin", Tensor::sin),
            Map.entry("cos", Tensor::cos),
            Map.entry("erf", Tensor::erf),
            Map.entry("relu", Tensor::relu),
            Map.entry("gelu", Tensor::gelu),
            Map.entry("geluTanh", Tensor::geluTanh),
            Map.entry("silu", Tensor::silu),
            Map.entry("tanh", Tensor::tanh),
            Map.entry("sigmoid", Tensor::sigmoid),
            Map.entry("add 0.7", x -> x.add(0.7f)),
            Map.entry("sub 0.7", x -> x.sub(0.7f)),
            Map.entry("mul -3", x -> x.mul(-3)),
            Map.entry("div 7", x -> x.div(7)),
            Map.entry("pow 2", x -> x.pow(2)),
            Map.entry("pow 3", x -> x.pow(3)),
            Map.entry("pow 1", x -> x.pow(1)),
            Map.entry("pow 0", x -> x.pow(0)));
    everywhere.forEach((name, f) -> unary(c, name, f, PointwiseCases::usual));
    // far out the functions saturate; their gradients are small there, but right
    for (String name :
        List.of("erf", "gelu", "geluTanh", "silu", "tanh", "sigmoid", "relu", "sin")) {
      c.add(name + " far out", x -> everywhere.get(name).apply(x[0]), wide(5, 1000));
    }
    Map<String, UnaryOperator<Tensor>> positive =
        Map.of(
            "log",
            Tensor::log,
            "sqrt",
            Tensor::sqrt,
            "rsqrt",
            Tensor::rsqrt,
            "pow 0.5",
            x -> x.pow(0.5f),
            "pow -1",
            x -> x.pow(-1),
            "pow 2.5",
            x -> x.pow(2.5f));
    positive.forEach((name, f) -> unary(c, name, f, d -> uniform(0.3f, 3, d)));
    for (String name : List.of("gelu", "exp", "tanh")) {
      c.add(name, x -> everywhere.get(name).apply(x[0]), normal(100_003));
    }
    others(c);
    return c.cases;
  }

  private static In usual(int... dims) {
    return normal(dims);
  }

  private interface Drawn {
    In of(int... dims);
  }

  private static void unary(CaseList c, String name, UnaryOperator<Tensor> f, Drawn drawn) {
    for (int[] shape : SHAPES) {
      c.add(name, x -> f.apply(x[0]), drawn.of(shape));
    }
  }

  private static void others(CaseList c) {
    c.add("withGradientOf", x -> x[0].tanh().withGradientOf(x[0].tanh()), normal(3, 4));
    c.add("detach", x -> x[0].mul(x[0].detach()), normal(3, 4).frozen());
    c.add("dropout 0", x -> x[0].dropout(0, x[1]), normal(17), key());
    for (int[] shape : SHAPES) {
      c.add("dropout 0.1", x -> x[0].dropout(0.1f, x[1]), normal(shape), key());
      c.add("dropout 0.5", x -> x[0].dropout(0.5f, x[1]), normal(shape), key());
      c.add("mseLoss", x -> x[0].mseLoss(x[1]), normal(shape), normal(shape));
    }
    c.add("dropout 0.3", x -> x[0].dropout(0.3f, x[1]), normal(331, 317), key());
    c.add("toFloat", x -> x[0].toFloat().mul(x[1]), In.ints(1000, 3, 7), normal(3, 7));
    c.add("toFloat", x -> x[0].toFloat().mul(x[1]), In.longs(100_000, 65), normal(65));
    c.add("toFloat of float", x -> x[0].toFloat().exp(), normal(5));
    c.add(
        "twice the same input",
        x -> x[0].mul(x[0]).add(x[0]).div(x[0].square().add(1)),
        normal(33));
    Elementwise power = of("a^b", new Scalar.Binary(Fn2.POW, Scalar.input(0), Scalar.input(1)), 2);
    c.add("a^b", x -> x[0].apply(power, x[1]), uniform(0.3f, 2, 4, 17), normal(4, 17));
    Elementwise select =
        of(
            "select",
            Scalar.select(Scalar.input(0), Scalar.input(1), Scalar.input(2).mul(Scalar.input(1))),
            3);
    c.add("select", x -> x[0].apply(select, x[1], x[2]), binary(7, 9), normal(7, 9), normal(7, 9));
    Elementwise notLess = of("ge", new Scalar.Binary(Fn2.GE, Scalar.input(0), Scalar.input(1)), 2);
    c.add("ge", x -> x[0].apply(notLess, x[1]).mul(x[0]), normal(65), normal(65));
    Elementwise sign = of("sign", Scalar.input(0).fn(Scalar.Fn1.SIGN), 1);
    c.add("sign", x -> x[0].apply(sign).mul(x[0]), normal(65));
    Elementwise reciprocal = of("recip", Scalar.input(0).fn(Scalar.Fn1.RECIP), 1);
    c.add("recip", x -> x[0].apply(reciprocal), uniform(0.3f, 2, 65));
    c.add("greater", x -> x[0].apply(Pointwise.GREATER, x[1]).mul(x[1]), normal(33), normal(33));
    c.add(
        "equal",
        x -> x[0].apply(Pointwise.EQUAL, x[1]).add(x[2]),
        binary(33),
        binary(33),
        normal(33));
    c.add("constants only", x -> x[0].add(1).sub(x[0]).mul(2), binary(33));
    c.add(
        "number",
        x -> Tensor.of(Pointwise.constant(2)).add(Tensor.of(Pointwise.constant(3))),
        binary(1));
  }

  private static Elementwise of(String name, Scalar expression, int arity) {
    return new Elementwise(name, arity, expression);
  }
}
