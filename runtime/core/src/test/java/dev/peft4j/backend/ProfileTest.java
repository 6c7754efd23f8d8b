package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.op.LinearOp;
import dev.peft4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

class ProfileTest {
  @Test
  void countsCallsAndOperations() {
    Profile profile = new Profile();
    Tensor x = Tensor.of(new float[64 * 3], 64, 3);
    Tensor w = Tensor.of(new float[5 * 3], 5, 3);
    for (int i = 0; i < 2; i++) {
      profile.measure(
          () -> Backends.with(Backends.named("cpu"), () -> x.linear(w, null).toFloats()));
    }
    Profile.Entry e =
        profile.entries().stream()
            .filter(p -> p.op() instanceof LinearOp)
            .findFirst()
            .orElseThrow();
    assertThat(e.calls()).isEqualTo(2);
    assertThat(e.flops()).isEqualTo(2 * 2L * 64 * 5 * 3);
    assertThat(e.nanos()).isPositive();
    assertThat(e.label()).isEqualTo("linear (64, 3) (5, 3) -> (64, 5)");
    assertThat(profile.toString()).contains(e.label());
    assertThat(profile.flops()).isEqualTo(e.flops());
  }

  @Test
  void nothingIsCountedOutside() {
    Profile profile = new Profile();
    Tensor.of(new float[] {1, 2}, 2).add(1).toFloats();
    assertThat(profile.entries()).isEmpty();
  }
}
