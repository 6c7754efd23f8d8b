package dev.peft4j.graph;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.graph.Scalar.Fn1;
import dev.peft4j.graph.Scalar.Fn2;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Scalar expressions: what is folded, derivatives, and the error function. */
class ScalarTest {
  private final Scalar x = Scalar.input(0);
  private final Scalar y = Scalar.input(1);

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "0.1, 0.1124629160182849",
    "0.5, 0.5204998778130465",
    "1, 0.8427007929497149",
    "2, 0.9953222650189527",
    "2.4, 0.9993114861033549",
    "2.6, 0.9997639655834707",
    "3, 0.9999779095030014",
    "4, 0.9999999845827421",
    "-1, -0.8427007929497149",
    "10, 1",
    "-10, -1"
  })
  void erf(double at, double expected) {
    assertThat(ScalarFunctions.erf(at)).isCloseTo(expected, Offset.offset(1e-14));
  }

  @Test
  void neutralElementsDisappear() {
    Scalar zero = Scalar.of(0);
    Scalar one = Scalar.of(1);
    assertThat(x.add(zero)).isEqualTo(x);
    assertThat(zero.add(x)).isEqualTo(x);
    assertThat(x.sub(zero)).isEqualTo(x);
    assertThat(zero.sub(x)).isEqualTo(x.neg());
    assertThat(x.mul(one)).isEqualTo(x);
    assertThat(one.mul(x)).isEqualTo(x);
    assertThat(x.mul(zero)).isEqualTo(zero);
    assertThat(x.div(one)).isEqualTo(x);
    assertThat(Scalar.select(x, y, y)).isEqualTo(y);
  }

  @Test
  void constantsAreComputed() {
    assertThat(Scalar.of(2).add(3).mul(4)).isEqualTo(Scalar.of(20));
    assertThat(Scalar.of(4).fn(Fn1.SQRT)).isEqualTo(Scalar.of(2));
    assertThat(Scalar.of(2).binary(Fn2.POW, Scalar.of(10))).isEqualTo(Scalar.of(1024));
  }

  @Test
  void aProductWithAnInputThatIsZeroKeepsNan() {
    // only derivatives may drop factors: 0 · NaN is NaN
    Scalar product = new Scalar.Binary(Fn2.MUL, x, y);
    assertThat(product.substitute(Scalar.of(0), y))
        .isEqualTo(new Scalar.Binary(Fn2.MUL, Scalar.of(0), y));
  }

  @Test
  void aQuotientOfZeroKeepsNan() {
    Scalar quotient = new Scalar.Binary(Fn2.DIV, x, y);
    assertThat(quotient.substitute(Scalar.of(0), y))
        .isEqualTo(new Scalar.Binary(Fn2.DIV, Scalar.of(0), y));
  }

  @Test
  void derivatives() {
    assertThat(x.derivative(0)).isEqualTo(Scalar.of(1));
    assertThat(x.derivative(1)).isEqualTo(Scalar.of(0));
    assertThat(x.mul(y).derivative(0)).isEqualTo(y);
    assertThat(x.mul(2).add(3).derivative(0)).isEqualTo(Scalar.of(2));
    assertThat(x.fn(Fn1.EXP).derivative(0)).isEqualTo(x.fn(Fn1.EXP));
    assertThat(x.fn(Fn1.SIN).derivative(0)).isEqualTo(x.fn(Fn1.COS));
    assertThat(x.fn(Fn1.SIGN).derivative(0)).isEqualTo(Scalar.of(0));
    assertThat(x.binary(Fn2.GT, y).derivative(0)).isEqualTo(Scalar.of(0));
    assertThat(x.binary(Fn2.POW, Scalar.of(2)).derivative(1)).isEqualTo(Scalar.of(0));
  }

  @Test
  void opsAreEqualByWhatTheyCompute() {
    Elementwise a = new Elementwise("a", 1, x.mul(2).fn(Fn1.TANH));
    Elementwise b = new Elementwise("b", 1, x.mul(2).fn(Fn1.TANH));
    assertThat(a).isEqualTo(b).hasSameHashCodeAs(b);
    assertThat(a).isNotEqualTo(new Elementwise("a", 1, x.mul(3).fn(Fn1.TANH)));
    assertThat(a).isNotEqualTo(new Elementwise("a", 2, x.mul(2).fn(Fn1.TANH)));
  }
}
