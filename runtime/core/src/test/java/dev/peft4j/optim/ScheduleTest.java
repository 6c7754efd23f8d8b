package dev.peft4j.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.nn.Parameter;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The numbers are what transformers 5's schedules give a torch optimizer. */
class ScheduleTest {
  @Test
  void linear() {
    check(
        Schedule.linear(3, 10),
        0.0,
        0.3333333333333333,
        0.6666666666666666,
        1.0,
        0.8571428571428571,
        0.7142857142857143,
        0.5714285714285714,
        0.42857142857142855,
        0.2857142857142857,
        0.14285714285714285,
        0.0,
        0.0);
    check(Schedule.linear(0, 4), 1.0, 0.75, 0.5, 0.25, 0.0, 0.0);
    check(Schedule.linear(5, 5), 0.0, 0.2, 0.4, 0.6, 0.8, 0.0, 0.0);
  }

  @Test
  void cosine() {
    check(
        Schedule.cosine(3, 10),
        0.0,
        0.3333333333333333,
        0.6666666666666666,
        1.0,
        0.9504844339512095,
        0.8117449009293668,
        0.6112604669781572,
        0.38873953302184283,
        0.18825509907063326,
        0.04951556604879048,
        0.0,
        0.04951556604879043);
    check(Schedule.cosine(0, 4), 1.0, 0.8535533905932737, 0.5, 0.14644660940672627, 0.0);
    check(Schedule.cosine(5, 5), 0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 0.0);
  }

  @Test
  void constant() {
    check(Schedule.constant(), 1, 1, 1);
  }

  @Test
  void appliedBeforeEachStepItSetsTheRate() {
    Parameter p = new Parameter(new float[] {1}, 1);
    Sgd optimizer = Sgd.of(List.of(p), 5);
    Schedule schedule = Schedule.linear(0, 4);
    float[] expected = {0.6f, 0.3f, 0.1f, 0}; // 1 - 0.4 - 0.3 - 0.2 - 0.1
    for (float e : expected) {
      p.sum().backward();
      schedule.apply(optimizer, 0.4);
      optimizer.step();
      assertThat(p.item()).isCloseTo(e, within(1e-6f));
    }
  }

  @Test
  void lengthsThatMakeNoSenseAreErrors() {
    assertThatThrownBy(() -> Schedule.linear(5, 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("5 warm-up steps of 4 in all");
    assertThatThrownBy(() -> Schedule.cosine(-1, 4)).isInstanceOf(IllegalArgumentException.class);
  }

  private static void check(Schedule s, double... expected) {
    for (int i = 0; i < expected.length; i++) {
      assertThat(s.factor(i)).as("step %d", i).isCloseTo(expected[i], within(1e-12));
    }
  }
}
