package dev.peft4j.kotlin

import dev.peft4j.backend.Device
import dev.peft4j.backend.Precision
import dev.peft4j.nn.Parameter
import dev.peft4j.tensor.Tensor
import org.assertj.core.api.Assertions.assertThat
import org.assertj.core.api.Assertions.assertThatThrownBy
import org.junit.jupiter.api.Test

class TensorsTest {
  private val a = tensorOf(1f, 2f, 3f, 4f, shape = intArrayOf(2, 2))
  private val b = tensorOf(10f, 20f, 30f, 40f, shape = intArrayOf(2, 2))

  private fun Tensor.list() = toFloats().toList()

  @Test
  fun operatorsOfTwoTensors() {
    assertThat((a + b).list()).containsExactly(11f, 22f, 33f, 44f)
    assertThat((b - a).list()).containsExactly(9f, 18f, 27f, 36f)
    assertThat((a * b).list()).containsExactly(10f, 40f, 90f, 160f)
    assertThat((b / a).list()).containsExactly(10f, 10f, 10f, 10f)
    assertThat((-a).list()).containsExactly(-1f, -2f, -3f, -4f)
    assertThat((a matmul b).list()).containsExactly(70f, 100f, 150f, 220f)
  }

  @Test
  fun operatorsWithNumbersOfAnyType() {
    assertThat((a + 1).list()).containsExactly(2f, 3f, 4f, 5f).isEqualTo((1 + a).list())
    assertThat((a - 0.5).list()).containsExactly(0.5f, 1.5f, 2.5f, 3.5f)
    assertThat((1 - a).list()).containsExactly(0f, -1f, -2f, -3f)
    assertThat((a * 2f).list()).containsExactly(2f, 4f, 6f, 8f).isEqualTo((2L * a).list())
    assertThat((a / 2).list()).containsExactly(0.5f, 1f, 1.5f, 2f).isEqualTo((a / 2f).list())
    assertThat((12 / a).list()).containsExactly(12f, 6f, 4f, 3f)
  }

  @Test
  fun matmulIsAnInfixFunction() {
    // which binds looser than + and *
    assertThat((a matmul b + a).list()).isEqualTo(a.matmul(b.add(a)).list())
    assertThat((a + (a matmul b)).list()).containsExactly(71f, 102f, 153f, 224f)
  }

  @Test
  fun operatorsBroadcast() {
    val row = tensorOf(100f, 200f)
    assertThat((a + row).list()).containsExactly(101f, 202f, 103f, 204f)
    assertThat((a * tensorOf(1f, 10f, shape = intArrayOf(2, 1))).list()).containsExactly(1f, 2f, 30f, 40f)
  }

  @Test
  fun operatorsHaveGradients() {
    val p = Parameter(floatArrayOf(1f, 2f), 2)
    ((3 * p - 1) * p / 2).sum().backward()
    // d/dp (3p² - p) / 2 = 3p - 1/2
    assertThat(p.grad()?.toFloats()).containsExactly(2.5f, 5.5f)
  }

  @Test
  fun tensorsOfValues() {
    assertThat(tensorOf(1f, 2f).shape().toArray()).containsExactly(2)
    assertThat(tensorOf(1, 2, 3, 4, shape = intArrayOf(2, 2)).toInts()).containsExactly(1, 2, 3, 4)
    val x = randomNormal(3, 5, seed = 7)
    assertThat(x.shape().toArray()).containsExactly(3, 5)
    assertThat(x.list())
      .isEqualTo(randomNormal(3, 5, seed = 7).list())
      .isNotEqualTo(randomNormal(3, 5, seed = 8).list())
  }

  @Test
  fun computesOnADeviceInAPrecision() {
    assertThat(computeOn(Device.cpu()) { (a matmul b).list() }).containsExactly(70f, 100f, 150f, 220f)
    assertThatThrownBy { computeOn(Device.cpu(), Precision.TF32) { a.sum().item() } }
      .isInstanceOf(IllegalArgumentException::class.java)
      .hasMessageContaining("no products of precision tf32, it has float32")
  }
}
